#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "farebench/loop_timer.hpp"

namespace farebench {

/// A wait under way: in the loop's heap from its start to its end, or until it is destroyed.
struct loop_timer::state {
  state(loop_timers& in, clock::time_point moment) : timers{in}, due{moment} {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state();

  static constexpr std::size_t not_waiting = static_cast<std::size_t>(-1);

  loop_timers& timers;
  clock::time_point due;
  std::uint64_t order = 0;          // of two that are due at once, the first to wait is the first to end
  std::size_t place = not_waiting;  // in the heap
  // What is to be done when it is due: one of these.
  wait_completion on_due = {};
  std::coroutine_handle<> awaiting = {};
};

/// The waits of one loop: a binary heap, each of whose entries knows its place, so that one that is taken
/// back leaves nothing behind. Costs nothing while it is empty. One thread.
class loop_timers {
 public:
  using clock = loop_timer::clock;

  bool empty() const { return heap_.empty(); }
  std::optional<clock::time_point> first_due() const;

  /// A wait that is in the heap, with nothing to be done yet when it ends.
  std::unique_ptr<loop_timer::state> wait(clock::time_point due);
  /// Takes it back; nothing when it has ended.
  void remove(loop_timer::state& one) noexcept;

  /// Ends what is due by `now`, but nothing that begins to wait meanwhile: so sockets get their turn.
  void end_due(clock::time_point now);
  /// All that wait now are due at once.
  void hurry();

 private:
  static bool is_before(const loop_timer::state& one, const loop_timer::state& other);
  void put(std::size_t place, loop_timer::state* one);
  void sift_up(std::size_t place);
  void sift_down(std::size_t place);

  std::vector<loop_timer::state*> heap_;
  std::uint64_t begun_ = 0;
};

}  // namespace farebench
