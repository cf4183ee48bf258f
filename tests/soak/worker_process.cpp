#include "tests/soak/worker_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <system_error>
#include <utility>

namespace farebench::soak {
namespace {

std::pair<file_descriptor, file_descriptor> make_pipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error{errno, std::generic_category(), "pipe2"};
  return {file_descriptor{ends[0]}, file_descriptor{ends[1]}};
}

void write_line(int to, std::string_view line) {
  std::string bytes{line};
  bytes += '\n';
  for (std::string_view left = bytes; !left.empty();) {
    const auto count = ::write(to, left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // its reader will see that it is gone
    left.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// Appends what there is; false at the end.
bool read_some(int from, std::string& to) {
  std::array<char, 4096> bytes;
  for (;;) {
    const auto count = ::read(from, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    to.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
  }
}

std::vector<std::string> take_lines(std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    lines.push_back(text.substr(begin, end - begin));
  text.erase(0, begin);
  return lines;
}

[[noreturn]] void work(const worker_process::job& what, int given, int said) {
  const auto say = [said](std::string_view line) { write_line(said, line); };
  int exit_code = 0;
  try {
    for (std::string pending; read_some(given, pending);) {
      for (const auto& line : take_lines(pending)) what(line, say);
    }
  } catch (const std::exception& thrown) {
    say(std::string{"failed "} + thrown.what());
    exit_code = 1;
  }
  std::fflush(nullptr);
  ::_exit(exit_code);
}

}  // namespace

worker_process::worker_process(const job& what) {
  auto [job_reader, job_writer] = make_pipe();
  auto [line_reader, line_writer] = make_pipe();
  const pid_t parent = ::getpid();
  std::fflush(nullptr);
  child_ = ::fork();
  if (child_ < 0) throw std::system_error{errno, std::generic_category(), "fork"};
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    job_writer.reset();
    line_reader.reset();
    work(what, job_reader.get(), line_writer.get());
  }
  given_ = std::move(job_writer);
  said_ = std::move(line_reader);
}

worker_process::worker_process(worker_process&& other) noexcept
    : child_{std::exchange(other.child_, -1)},
      given_{std::move(other.given_)},
      said_{std::move(other.said_)},
      pending_{std::move(other.pending_)},
      has_ended_{other.has_ended_} {}

worker_process::~worker_process() {
  if (child_ > 0) kill();
}

void worker_process::give(std::string_view line) { write_line(given_.get(), line); }

std::vector<std::string> worker_process::read_lines() {
  if (!read_some(said_.get(), pending_)) has_ended_ = true;
  return take_lines(pending_);
}

void worker_process::kill() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  child_ = -1;
}

}  // namespace farebench::soak
