#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>

// Ways to order threads and processes by events. Tests never order them by sleeping.
namespace farebench::test {

/// Deadline that only a hang can reach.
inline constexpr std::chrono::seconds hang_deadline{60};

/// Polls until the condition holds. Returns false after hang_deadline.
bool wait_until(const std::function<bool()>& condition);

/// Counts events of some threads, for which others wait. Safe to use from any thread.
class event_count {
 public:
  /// Adds one event and wakes the waiting threads.
  void add();

  /// Waits until there were `count` events. Returns false after hang_deadline.
  bool wait_for(std::size_t count);

 private:
  std::mutex mutex_;
  std::condition_variable added_;
  std::size_t count_ = 0;
};

/// Waits until all other threads of this process sleep in the kernel: they wait for a timer, a lock or a
/// peer. Returns false after hang_deadline.
bool wait_until_threads_sleep();

}  // namespace farebench::test
