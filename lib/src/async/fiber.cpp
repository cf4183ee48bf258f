#include "farebench/fiber.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <fstream>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#elif defined(FAREBENCH_TSAN_FIBERS)
#include <sanitizer/tsan_interface.h>
#endif

namespace farebench {

/// Announces switches between a fiber's stack and that of its resumer to a sanitizer: each switch leaves one
/// stack and arrives on the other. Does nothing without sanitizers.
class switched_stack {
 public:
#if defined(__SANITIZE_ADDRESS__)
  /// Describes a new stack, [low, low + bytes), until `close`.
  void open(const void* low, std::size_t bytes) {
    low_ = low;
    bytes_ = bytes;
  }
  void close() {}

  /// Called just before a switch to `target`, which has been opened or left.
  void leave_for(const switched_stack& target) {
    __sanitizer_start_switch_fiber(&fake_stack_, target.low_, target.bytes_);
  }
  /// The same, if the stack is never resumed.
  void leave_for_good(const switched_stack& target) {
    __sanitizer_start_switch_fiber(nullptr, target.low_, target.bytes_);
  }
  /// Called just after a switch to this stack.
  void arrive_from(switched_stack& source) {
    __sanitizer_finish_switch_fiber(fake_stack_, &source.low_, &source.bytes_);
  }

 private:
  const void* low_ = nullptr;
  std::size_t bytes_ = 0;
  void* fake_stack_ = nullptr;
#elif defined(FAREBENCH_TSAN_FIBERS)
  void open(const void*, std::size_t) { fiber_ = __tsan_create_fiber(0); }
  void close() { __tsan_destroy_fiber(fiber_); }
  void leave_for(const switched_stack& target) {
    fiber_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(target.fiber_, 0);
  }
  void leave_for_good(const switched_stack& target) { __tsan_switch_to_fiber(target.fiber_, 0); }
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

namespace {

std::size_t page_bytes() {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

/// Maximum number of memory maps of a process. Linux's default if /proc cannot be read.
std::size_t max_maps() {
  std::size_t count = 65'530;
  std::ifstream{"/proc/sys/vm/max_map_count"} >> count;
  return count;
}

}  // namespace

fiber_stacks::fiber_stacks(std::size_t count, std::size_t stack_bytes)
    : stack_bytes_{(stack_bytes + page_bytes() - 1) / page_bytes() * page_bytes()},
      guarded_{2 * count <= max_maps() / 2} {
  free_tops_.reserve(count);
  const std::size_t guard_bytes = guarded_ ? page_bytes() : 0;
  mapped_bytes_ = std::max(count * (stack_bytes_ + guard_bytes), page_bytes());
  void* const mapped = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (mapped == MAP_FAILED) throw std::system_error{errno, std::generic_category(), "mmap of fiber stacks"};
  mapped_ = static_cast<std::byte*>(mapped);
  // A huge page would make whole stacks resident at the first touch. Fails if the kernel has no huge pages.
  madvise(mapped_, mapped_bytes_, MADV_NOHUGEPAGE);

  for (std::size_t i = count; i-- > 0;) {
    std::byte* const low = mapped_ + i * (stack_bytes_ + guard_bytes);
    if (guarded_ && mprotect(low, guard_bytes, PROT_NONE) != 0) {
      const int error = errno;
      munmap(mapped_, mapped_bytes_);
      throw std::system_error{error, std::generic_category(), "mprotect of a fiber stack's guard page"};
    }
    free_tops_.push_back(low + guard_bytes + stack_bytes_);
  }
}

fiber_stacks::~fiber_stacks() { munmap(mapped_, mapped_bytes_); }

void* fiber_stacks::allocate() {
  if (free_tops_.empty()) throw std::bad_alloc{};
  void* const top = free_tops_.back();
  free_tops_.pop_back();
  return top;
}

void fiber_stacks::release(void* top) { free_tops_.push_back(top); }

namespace context = boost::context;

struct fiber::state {
  state(fiber_stacks& pool, std::function<void()> function) : stacks{pool}, body{std::move(function)} {}
  ~state();

  void resume();
  void suspend();
  context::fiber enter(context::fiber&& resumer);

  // Fiber whose body runs in this thread, or null.
  static thread_local state* running;

  fiber_stacks& stacks;
  std::function<void()> body;
  // Continuation of the body. Empty before it starts, while it runs and after it has ended.
  context::fiber inside;
  // Continuation of `resume`, while the body runs.
  context::fiber outside;
  bool started = false;
  bool ended = false;
  std::exception_ptr error;

  switched_stack inside_stack;
  switched_stack outside_stack;
};

thread_local fiber::state* fiber::state::running = nullptr;

/// Adapts fiber_stacks to Boost.Context.
class fiber::stack_allocator {
 public:
  using traits_type = context::stack_traits;

  explicit stack_allocator(state& owner) : owner_{&owner} {}

  context::stack_context allocate() {
    context::stack_context stack;
    stack.size = owner_->stacks.stack_bytes();
    stack.sp = owner_->stacks.allocate();
    owner_->inside_stack.open(static_cast<const char*>(stack.sp) - stack.size, stack.size);
    return stack;
  }
  void deallocate(context::stack_context& stack) noexcept {
    owner_->inside_stack.close();
    owner_->stacks.release(stack.sp);
  }

 private:
  state* owner_;
};

context::fiber fiber::state::enter(context::fiber&& resumer) {
  inside_stack.arrive_from(outside_stack);
  outside = std::move(resumer);
  try {
    body();
  } catch (const context::detail::forced_unwind&) {
    // The fiber is being destroyed. Boost.Context requires this exception to be rethrown.
    inside_stack.leave_for_good(outside_stack);
    throw;
  } catch (...) {
    error = std::current_exception();
  }
  ended = true;
  inside_stack.leave_for_good(outside_stack);
  return std::move(outside);
}

void fiber::state::resume() {
  if (!std::exchange(started, true)) {
    inside = context::fiber{std::allocator_arg, stack_allocator{*this},
                            [this](context::fiber&& resumer) { return enter(std::move(resumer)); }};
  }
  state* const previous = std::exchange(running, this);
  outside_stack.leave_for(inside_stack);
  inside = std::move(inside).resume();
  outside_stack.arrive_from(inside_stack);
  running = previous;
  if (error) std::rethrow_exception(std::exchange(error, nullptr));
}

void fiber::state::suspend() {
  inside_stack.leave_for(outside_stack);
  try {
    outside = std::move(outside).resume();
  } catch (const context::detail::forced_unwind&) {
    // Resumed by the destructor, to unwind the stack.
    inside_stack.arrive_from(outside_stack);
    throw;
  }
  inside_stack.arrive_from(outside_stack);
}

fiber::state::~state() {
  if (!inside) return;
  state* const previous = std::exchange(running, this);
  outside_stack.leave_for(inside_stack);
  // Unwinds the fiber's stack.
  inside = {};
  outside_stack.arrive_from(inside_stack);
  running = previous;
}

fiber::fiber(fiber_stacks& stacks, std::function<void()> body)
    : state_{std::make_unique<state>(stacks, std::move(body))} {}
fiber::~fiber() = default;
fiber::fiber(fiber&&) noexcept = default;

void fiber::resume() { state_->resume(); }
bool fiber::done() const { return state_->ended; }
void fiber::suspend() { state::running->suspend(); }

exchange_result await_exchange(event_loop& loop, loop_client& client, exchange_request request) {
  std::optional<exchange_result> result;
  auto* const waiting = fiber::state::running;
  loop.start(client, std::move(request), [&result, waiting](exchange_result finished) {
    result = std::move(finished);
    waiting->resume();
  });
  waiting->suspend();
  return *std::move(result);
}

void await_until(event_loop& loop, loop_timer::clock::time_point moment) {
  // On the fiber's stack: unwinding it cancels the wait.
  loop_timer timer;
  auto* const waiting = fiber::state::running;
  loop.wait(timer, moment, [waiting] { waiting->resume(); });
  waiting->suspend();
}

}  // namespace farebench
