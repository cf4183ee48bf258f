#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#elif defined(FAREBENCH_TSAN_FIBERS)
#include <sanitizer/tsan_interface.h>
#endif

namespace farebench {

/// One of the two stacks between which a fiber switches, as a sanitizer must be told of it: each switch is a
/// leave on the one and an arrival on the other. Without sanitizers it is nothing.
class switched_stack {
 public:
#if defined(__SANITIZE_ADDRESS__)
  /// A stack of a fiber's own, [low, low + bytes), from here to close.
  void open(const void* low, std::size_t bytes) {
    low_ = low;
    bytes_ = bytes;
  }
  void close() {}

  /// Just before a switch to a stack that was opened or left.
  void leave_for(const switched_stack& to) {
    __sanitizer_start_switch_fiber(&fake_stack_, to.low_, to.bytes_);
  }
  /// The same, never to come back.
  void leave_for_good(const switched_stack& to) {
    __sanitizer_start_switch_fiber(nullptr, to.low_, to.bytes_);
  }
  /// Just after a switch to this one.
  void arrive_from(switched_stack& from) {
    __sanitizer_finish_switch_fiber(fake_stack_, &from.low_, &from.bytes_);
  }

 private:
  const void* low_ = nullptr;
  std::size_t bytes_ = 0;
  void* fake_stack_ = nullptr;
#elif defined(FAREBENCH_TSAN_FIBERS)
  void open(const void*, std::size_t) { fiber_ = __tsan_create_fiber(0); }
  void close() { __tsan_destroy_fiber(fiber_); }
  void leave_for(const switched_stack& to) {
    fiber_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(to.fiber_, 0);
  }
  void leave_for_good(const switched_stack& to) { __tsan_switch_to_fiber(to.fiber_, 0); }
  void arrive_from(switched_stack&) {}

 private:
  void* fiber_ = nullptr;
#else
  void open(const void*, std::size_t) {}
  void close() {}
  void leave_for(const switched_stack&) {}
  void leave_for_good(const switched_stack&) {}
  void arrive_from(switched_stack&) {}
#endif
};

}  // namespace farebench
