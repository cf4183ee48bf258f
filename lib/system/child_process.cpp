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

#include "lib/system/locations.hpp"

namespace farebench {
namespace {

using clock = std::chrono::steady_clock;

// Sent by a child that could not execute the program.
struct launch_failure {
  enum launch_step { inherit, redirect, execute } step;
  int error;
};

[[noreturn]] void throw_launch_failure(const launch_failure& failure,
                                       const std::filesystem::path& executable) {
  constexpr const char* steps[] = {"keep a descriptor for ", "redirect the standard streams of ", "exec "};
  throw std::system_error(failure.error, std::generic_category(), steps[failure.step] + executable.string());
}

std::vector<std::string> environment_of_child(const child_process::options& options) {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::string_view name = text.substr(0, text.find('='));
    const bool is_replaced = std::ranges::any_of(
        options.environment, [&](const auto& variable) { return variable.first == name; });
    if (!is_replaced) entries.emplace_back(text);
  }
  for (const auto& [name, value] : options.environment) entries.emplace_back(name).append("=").append(value);
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Runs in the child between fork and exec. Makes only async-signal-safe calls, since another thread of the
// parent may have held any lock at the fork. All signals are blocked, so that no handler of the parent runs.
[[noreturn]] void run_program(const char* path, char* const* arguments, char* const* environment,
                              const child_process::options& options, int input, int output, int failures,
                              pid_t parent) {
  const auto fail = [failures](launch_failure::launch_step step) {
    const launch_failure failure{step, errno};
    const ssize_t written = ::write(failures, &failure, sizeof failure);
    ::_exit(written == sizeof failure ? 127 : 126);
  };
  // A terminal sends Ctrl-C to a whole process group. The parent handles it and stops its children.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, options.death_signal);
  // A parent that died before prctl sends no signal.
  if (::getppid() != parent) ::_exit(127);
  for (const int descriptor : options.inherited_descriptors) {
    if (::fcntl(descriptor, F_SETFD, 0) != 0) fail(launch_failure::inherit);
  }
  if (::dup2(input, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0) fail(launch_failure::redirect);
  // Discards a Ctrl-C that reached the parent's process group before setpgid.
  ::signal(SIGINT, SIG_IGN);
  // Ignored signals would stay ignored across exec, for example a parent's SIGPIPE.
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(path, arguments, environment);
  fail(launch_failure::execute);
  ::_exit(127);
}

// Starts the program with these descriptors as its standard input and output. Returns once the child runs it.
pid_t spawn(const child_process::options& options, int input, int output) {
  std::vector<std::string> argument_texts{options.executable.string()};
  argument_texts.insert(argument_texts.end(), options.arguments.begin(), options.arguments.end());
  std::vector<std::string> environment_texts = environment_of_child(options);
  const std::vector<char*> arguments = pointers_to(argument_texts);
  const std::vector<char*> environment = pointers_to(environment_texts);

  // A successful exec closes the child's end, which the parent reads as end of file.
  int failures[2];
  if (::pipe2(failures, O_CLOEXEC) != 0) throw_system_error("pipe2");
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
    run_program(arguments.front(), arguments.data(), environment.data(), options, input, output,
                failures_to_write.get(), parent);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (child < 0) {
    throw std::system_error(fork_error, std::generic_category(), "fork for " + options.executable.string());
  }

  failures_to_write.reset();
  launch_failure failure{};
  ssize_t count;
  do {
    count = ::read(failures_to_read.get(), &failure, sizeof failure);
  } while (count < 0 && errno == EINTR);
  if (count == sizeof failure) {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    throw_launch_failure(failure, options.executable);
  }
  return child;
}

// Moves the descriptor above 0, 1 and 2, over which the child's standard streams are placed.
file_descriptor above_standard_streams(file_descriptor opened) {
  if (opened.get() > STDERR_FILENO) return opened;
  return checked_descriptor(::fcntl(opened.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1),
                            "fcntl F_DUPFD_CLOEXEC");
}

// Returns true once the descriptor is readable or at its end, and false at the deadline. Uses ppoll for the
// kernel's timer resolution; poll's is a millisecond.
bool is_readable_before(int descriptor, clock::time_point deadline) {
  using namespace std::chrono;
  for (;;) {
    const auto left = std::clamp<nanoseconds>(deadline - clock::now(), 0ns, 1h);
    const timespec timeout{.tv_sec = static_cast<std::time_t>(left / 1s), .tv_nsec = (left % 1s).count()};
    pollfd polled{.fd = descriptor, .events = POLLIN, .revents = 0};
    const int ready = ::ppoll(&polled, 1, &timeout, nullptr);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) throw_system_error("ppoll");
    if (clock::now() >= deadline) return false;
  }
}

}  // namespace

child_process::child_process(const options& launch) {
  // The child's standard input is a socket, since only a socket can be written without SIGPIPE (MSG_NOSIGNAL)
  // and without changing the program's signal dispositions.
  int input[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input) != 0) throw_system_error("socketpair");
  file_descriptor parent_input = above_standard_streams(file_descriptor{input[0]});
  const file_descriptor child_input = above_standard_streams(file_descriptor{input[1]});
  int output[2];
  if (::pipe2(output, O_CLOEXEC) != 0) throw_system_error("pipe2");
  file_descriptor parent_output = above_standard_streams(file_descriptor{output[0]});
  const file_descriptor child_output = above_standard_streams(file_descriptor{output[1]});

  pid_ = spawn(launch, child_input.get(), child_output.get());
  input_ = std::move(parent_input);
  output_ = std::move(parent_output);
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

child_process::read_result child_process::read_line(std::chrono::nanoseconds timeout) {
  const clock::time_point deadline = clock::now() + timeout;
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
    if (count < 0) throw_system_error("read");
    if (count == 0) {
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

// Stops the child without throwing. Kills it without a grace period if no descriptor is left for a pidfd.
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

std::optional<int> child_process::wait(std::chrono::milliseconds timeout) {
  if (wait_status_ || reap(WNOHANG)) return wait_status_;
  // Called by its number, since glibc 2.36 declares pidfd_open without C linkage.
  const file_descriptor pidfd =
      checked_descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)), "pidfd_open");
  if (is_readable_before(pidfd.get(), clock::now() + timeout)) reap(0);
  return wait_status_;
}

bool child_process::reap(int flags) {
  int status = 0;
  pid_t reaped;
  do {
    reaped = ::waitpid(pid_, &status, flags);
  } while (reaped < 0 && errno == EINTR);
  if (reaped < 0) throw_system_error("waitpid");
  if (reaped == 0) return false;
  wait_status_ = status;
  return true;
}

std::filesystem::path sibling_path(std::string_view name) {
  const std::filesystem::path path = program_folder() / name;
  if (!std::filesystem::exists(path)) {
    throw std::runtime_error(path.string() + " does not exist: " +
                             (is_in_build_tree() ? "build the target " + std::string{name}
                                                 : std::string{"install farebench again"}));
  }
  return path;
}

}  // namespace farebench
