#include "lib/system/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <system_error>

#include "lib/system/file_descriptor.hpp"

namespace farebench {
namespace {

// What the child has to say to its parent when it could not become the program.
struct failure {
  enum step_name { inherit, redirect, execute } step;
  int error;
};

[[noreturn]] void throw_failure(const failure& what, const std::filesystem::path& executable) {
  constexpr const char* steps[] = {"keep a descriptor for ", "redirect the standard streams of ", "exec "};
  throw std::system_error(what.error, std::generic_category(), steps[what.step] + executable.string());
}

std::vector<std::string> environment_of_child(const child_process::options& what) {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced =
        std::ranges::any_of(what.environment, [&](const auto& set) { return set.first == name; });
    if (!replaced) entries.emplace_back(text);
  }
  for (const auto& [name, value] : what.environment) entries.emplace_back(name).append("=").append(value);
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Everything between fork and exec: async-signal-safe calls only, since another thread of the parent may
// have held any lock at the fork. All signals are blocked here, so that no handler of the parent's runs.
[[noreturn]] void become_program(const char* path, char* const* arguments, char* const* environment,
                                 const child_process::options& what, int input, int output, int failures,
                                 pid_t parent) {
  const auto fail = [failures](failure::step_name step) {
    const failure what_failed{step, errno};
    const ssize_t told = ::write(failures, &what_failed, sizeof what_failed);
    ::_exit(told == sizeof what_failed ? 127 : 126);
  };
  // Ctrl-C is the parent's to answer, which ends its children: a terminal sends it to the whole group.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, what.death_signal);
  // A parent that died before the line above sends nothing any more.
  if (::getppid() != parent) ::_exit(127);
  for (const int descriptor : what.inherited_descriptors) {
    if (::fcntl(descriptor, F_SETFD, 0) != 0) fail(failure::inherit);
  }
  if (::dup2(input, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0) fail(failure::redirect);
  // Ignored signals stay ignored across exec: a child must not inherit a parent's ignored SIGPIPE.
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(path, arguments, environment);
  fail(failure::execute);
  ::_exit(127);
}

}  // namespace

pid_t spawn(const child_process::options& what, int input, int output) {
  std::vector<std::string> argument_texts{what.executable.string()};
  argument_texts.insert(argument_texts.end(), what.arguments.begin(), what.arguments.end());
  std::vector<std::string> environment_texts = environment_of_child(what);
  const std::vector<char*> arguments = pointers_to(argument_texts);
  const std::vector<char*> environment = pointers_to(environment_texts);

  // Closed by a successful exec, and then read as end of file.
  int failures[2];
  if (::pipe2(failures, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  const file_descriptor failures_to_read{failures[0]};
  file_descriptor failures_to_write{failures[1]};

  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  const int fork_error = errno;
  if (child == 0) {
    become_program(arguments.front(), arguments.data(), environment.data(), what, input, output,
                   failures_to_write.get(), parent);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (child < 0) {
    throw std::system_error(fork_error, std::generic_category(), "fork for " + what.executable.string());
  }

  failures_to_write.reset();
  failure found{};
  ssize_t got;
  do {
    got = ::read(failures_to_read.get(), &found, sizeof found);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof found) {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    throw_failure(found, what.executable);
  }
  return child;
}

namespace {

using clock = std::chrono::steady_clock;

[[noreturn]] void throw_errno(const char* call) {
  throw std::system_error(errno, std::generic_category(), call);
}

// Never 0, 1 or 2, which the child's own standard streams are put over.
file_descriptor above_standard_streams(file_descriptor opened) {
  if (opened.get() > STDERR_FILENO) return opened;
  file_descriptor raised{::fcntl(opened.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
  if (raised.get() < 0) throw_errno("fcntl F_DUPFD_CLOEXEC");
  return raised;
}

// True once there is something to read (or the end of it); false at the deadline, which is met to the
// kernel's resolution and not to poll's, a millisecond.
bool is_readable_before(int descriptor, clock::time_point deadline) {
  using namespace std::chrono;
  for (;;) {
    const auto left = std::clamp<nanoseconds>(deadline - clock::now(), 0ns, 1h);
    const timespec patience{.tv_sec = static_cast<std::time_t>(left / 1s), .tv_nsec = (left % 1s).count()};
    pollfd watched{.fd = descriptor, .events = POLLIN, .revents = 0};
    const int ready = ::ppoll(&watched, 1, &patience, nullptr);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) throw_errno("ppoll");
    if (clock::now() >= deadline) return false;
  }
}

}  // namespace

child_process::child_process(const options& what) {
  // A socket rather than a pipe for the child's standard input: only a socket can be written to without
  // SIGPIPE (MSG_NOSIGNAL) and without touching signal dispositions that belong to the whole program.
  int input[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input) != 0) throw_errno("socketpair");
  file_descriptor input_here = above_standard_streams(file_descriptor{input[0]});
  const file_descriptor input_there = above_standard_streams(file_descriptor{input[1]});
  int output[2];
  if (::pipe2(output, O_CLOEXEC) != 0) throw_errno("pipe2");
  file_descriptor output_here = above_standard_streams(file_descriptor{output[0]});
  const file_descriptor output_there = above_standard_streams(file_descriptor{output[1]});

  pid_ = spawn(what, input_there.get(), output_there.get());
  input_ = std::move(input_here);
  output_ = std::move(output_here);
}

child_process::~child_process() { end(); }

child_process::child_process(child_process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      wait_status_(other.wait_status_),
      pending_(std::move(other.pending_)) {}

child_process& child_process::operator=(child_process&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    input_ = std::move(other.input_);
    output_ = std::move(other.output_);
    wait_status_ = other.wait_status_;
    pending_ = std::move(other.pending_);
  }
  return *this;
}

pid_t child_process::pid() const { return pid_; }

bool child_process::write_line(std::string_view line) {
  std::string text{line};
  text += '\n';
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t count = ::send(input_.get(), left.data(), left.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    left.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

child_process::read_result child_process::read_line(std::chrono::nanoseconds patience) {
  const clock::time_point deadline = clock::now() + patience;
  std::size_t searched = 0;
  for (;;) {
    const std::size_t end = pending_.find('\n', searched);
    if (end != std::string::npos) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return {read_status::line, std::move(line)};
    }
    searched = pending_.size();
    if (!is_readable_before(output_.get(), deadline)) return {read_status::timed_out, {}};
    std::array<char, 4096> bytes;
    const ssize_t count = ::read(output_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("read");
    if (count == 0) {
      // A last line without its newline is still what the child said.
      if (pending_.empty()) return {read_status::end_of_file, {}};
      return {read_status::line, std::exchange(pending_, {})};
    }
    pending_.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

int child_process::stop(std::chrono::milliseconds grace) {
  if (!wait_status_) {
    ::kill(pid_, SIGTERM);
    if (!wait(grace)) kill();
  }
  return *wait_status_;
}

int child_process::kill() {
  if (!wait_status_) {
    ::kill(pid_, SIGKILL);
    reap(0);
  }
  return *wait_status_;
}

// stop() for those who must not throw. What has no grace: a process without a descriptor left to wait with.
void child_process::end() noexcept {
  if (pid_ <= 0) return;
  try {
    stop();
  } catch (const std::exception&) {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

std::optional<int> child_process::wait(std::chrono::milliseconds patience) {
  if (wait_status_ || reap(WNOHANG)) return wait_status_;
  // By its number: glibc 2.36 declares the function without C linkage.
  const file_descriptor ending{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  if (ending.get() < 0) throw_errno("pidfd_open");
  if (is_readable_before(ending.get(), clock::now() + patience)) reap(0);
  return wait_status_;
}

bool child_process::reap(int flags) {
  int status = 0;
  pid_t reaped;
  do {
    reaped = ::waitpid(pid_, &status, flags);
  } while (reaped < 0 && errno == EINTR);
  if (reaped < 0) throw_errno("waitpid");
  if (reaped == 0) return false;
  wait_status_ = status;
  return true;
}

std::filesystem::path sibling_path(std::string_view name) {
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
  if (!std::filesystem::exists(path)) {
    throw std::runtime_error(path.string() + " is not there: build the target " + std::string{name});
  }
  return path;
}

}  // namespace farebench
