#pragma once

#include <chrono>
#include <queue>
#include <vector>

namespace farebench {

/// What waits for its moment, the earliest first: a heap, 16 bytes an entry, so that one timer serves any
/// number of waits (one of Asio's per connection would be a node, a handler and a system call each).
/// Nothing leaves before its moment. A value; one thread.
template <typename Waiting>
class due_queue {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  bool empty() const { return waits_.empty(); }
  /// The earliest moment; not when empty.
  time_point next() const { return waits_.top().moment; }

  void push(time_point moment, Waiting* waiting) { waits_.push({moment, waiting}); }
  /// Whose moment is not after `now`, earliest first; nullptr when there is none.
  Waiting* pop_due(time_point now) {
    if (waits_.empty() || waits_.top().moment > now) return nullptr;
    Waiting* const waiting = waits_.top().waiting;
    waits_.pop();
    return waiting;
  }

 private:
  struct wait {
    time_point moment;
    Waiting* waiting;
    bool operator<(const wait& other) const {
      return moment > other.moment;
    }  // a std heap's top is its greatest
  };
  std::priority_queue<wait> waits_;
};

}  // namespace farebench
