#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <stdexcept>
#include <utility>

namespace farebench {

/// A child process that runs `work` and then waits to be killed. The constructor returns after `work`.
class forked_child {
 public:
  explicit forked_child(const std::function<void()>& work = [] {}) {
    int ready[2];
    if (::pipe(ready) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      work();
      [[maybe_unused]] const auto written = ::write(ready[1], "r", 1);
      for (;;) ::pause();
    }
    ::close(ready[1]);
    char byte;
    if (::read(ready[0], &byte, 1) != 1) ADD_FAILURE() << "the child ended early";
    ::close(ready[0]);
  }
  ~forked_child() {
    if (pid_ > 0) {
      kill();
      reap();
    }
  }
  forked_child(const forked_child&) = delete;
  forked_child& operator=(const forked_child&) = delete;

  pid_t pid() const { return pid_; }
  /// Returns once it is a zombie.
  void kill() const {
    ::kill(pid_, SIGKILL);
    siginfo_t ended;
    ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT);
  }
  void reap() { ::waitpid(std::exchange(pid_, -1), nullptr, 0); }

 private:
  pid_t pid_ = -1;
};

}  // namespace farebench
