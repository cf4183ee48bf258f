#pragma once

#include <signal.h>

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

#include "lib/system/file_descriptor.hpp"

namespace farebench {

/// Ends a command gently on Ctrl-C (SIGINT). The first SIGINT requests drain(): begin nothing more and finish
/// the work in flight. After the grace period, stop() is requested too. A second SIGINT exits at once with
/// `exit_interrupted`.
///
/// SIGTERM and SIGHUP end the command as usual, after remove_parts_before_exit().
///
/// At most one object, created before any other thread: it blocks these signals and reads them in a thread of
/// its own. If the process ignores one, as background commands of a script and of nohup do, it continues to.
class interruption {
 public:
  /// 128 + SIGINT, as in shells.
  static constexpr int exit_interrupted = 130;

  /// `on_interrupt` is called at the first SIGINT, in another thread, after drain() has been requested.
  /// Throws std::system_error.
  interruption(std::chrono::milliseconds grace, std::function<void()> on_interrupt);
  ~interruption();
  interruption(const interruption&) = delete;
  interruption& operator=(const interruption&) = delete;

  bool has_happened() const { return drain_.stop_requested(); }
  std::stop_token drain() const { return drain_.get_token(); }
  std::stop_token stop() const { return stop_.get_token(); }

 private:
  void watch(std::chrono::milliseconds grace, const std::function<void()>& on_interrupt);

  std::stop_source drain_;
  std::stop_source stop_;
  sigset_t previous_mask_{};
  file_descriptor signals_;
  // Readable once the watcher has to end.
  file_descriptor end_;
  // Last member: its thread uses the others.
  std::thread watcher_;
};

}  // namespace farebench
