#pragma once

#include <signal.h>

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

#include "lib/system/file_descriptor.hpp"

namespace farebench {

/// What Ctrl-C (SIGINT) means to a command that has something to bring home. The first asks it to drain: to
/// begin nothing more, and to finish what is in flight. When the grace has passed it asks it to stop. A
/// second one ends the process at once, with exit_interrupted.
///
/// To be made before any other thread, and once: it blocks the signal, and waits for it in a thread of its
/// own. Where the signal was ignored (as of a command in a script's background), it stays so.
class interruption {
 public:
  static constexpr int exit_interrupted = 130;  // 128 + SIGINT, as shells say it

  /// `say` is called once, from another thread, when the first one comes. Throws std::system_error.
  interruption(std::chrono::milliseconds grace, std::function<void()> say);
  ~interruption();
  interruption(const interruption&) = delete;
  interruption& operator=(const interruption&) = delete;

  bool has_happened() const { return drain_.stop_requested(); }
  std::stop_token drain() const { return drain_.get_token(); }
  std::stop_token stop() const { return stop_.get_token(); }

 private:
  void watch(std::chrono::milliseconds grace, const std::function<void()>& say);

  std::stop_source drain_;
  std::stop_source stop_;
  sigset_t before_{};
  file_descriptor signals_;
  file_descriptor end_;  // readable: the thread is to end
  std::thread watcher_;  // last: it uses the others
};

}  // namespace farebench
