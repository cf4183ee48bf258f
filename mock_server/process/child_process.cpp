#include "mock_server/process/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <exception>
#include <system_error>

#include "mock_server/process/spawn.hpp"
#include "posix/file_descriptor.hpp"

namespace farebench {
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

}  // namespace farebench
