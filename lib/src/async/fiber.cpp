#include "farebench/fiber.hpp"

#include <boost/context/fiber.hpp>
#include <exception>
#include <optional>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace farebench {
namespace {

namespace context = boost::context;

/// AddressSanitizer must be told when the stack changes; elsewhere, nothing.
class stack_switch {
 public:
#if defined(__SANITIZE_ADDRESS__)
  /// Before a switch to the stack [low, low + bytes).
  void leave(const void* low, std::size_t bytes) { __sanitizer_start_switch_fiber(&fake_stack_, low, bytes); }
  /// Before a switch from a stack that is never switched to again.
  static void leave_for_good(const void* low, std::size_t bytes) {
    __sanitizer_start_switch_fiber(nullptr, low, bytes);
  }
  /// After a switch back to the stack that was left; tells where it came from.
  void come_back(const void** from_low, std::size_t* from_bytes) {
    __sanitizer_finish_switch_fiber(fake_stack_, from_low, from_bytes);
  }

 private:
  void* fake_stack_ = nullptr;
#else
  void leave(const void*, std::size_t) {}
  static void leave_for_good(const void*, std::size_t) {}
  void come_back(const void**, std::size_t*) {}
#endif
};

}  // namespace

struct fiber::state {
  state(fiber_stacks& on, std::function<void()> run) : stacks{on}, body{std::move(run)} {}
  ~state();

  void resume();
  void suspend();
  context::fiber enter(context::fiber&& from);

  static thread_local state* running;  // the fiber whose body runs now

  fiber_stacks& stacks;
  std::function<void()> body;
  context::fiber inside;   // where the body goes on; empty while it runs, and when it has ended
  context::fiber outside;  // where the resume goes on, while the body runs
  bool started = false;
  bool ended = false;
  std::exception_ptr fault;

  // For the sanitizer: both sides' stacks.
  stack_switch inside_switch;
  stack_switch outside_switch;
  const void* outside_low = nullptr;
  std::size_t outside_bytes = 0;
  const void* inside_low = nullptr;
};

thread_local fiber::state* fiber::state::running = nullptr;

/// A fiber's stack as Boost.Context asks for one.
class fiber::stack_allocator {
 public:
  using traits_type = context::stack_traits;

  explicit stack_allocator(state& owner) : owner_{&owner} {}

  context::stack_context allocate() {
    context::stack_context stack;
    stack.size = owner_->stacks.stack_bytes();
    stack.sp = owner_->stacks.take();
    owner_->inside_low = static_cast<const char*>(stack.sp) - stack.size;
    return stack;
  }
  void deallocate(context::stack_context& stack) noexcept { owner_->stacks.give_back(stack.sp); }

 private:
  state* owner_;
};

context::fiber fiber::state::enter(context::fiber&& from) {
  inside_switch.come_back(&outside_low, &outside_bytes);
  outside = std::move(from);
  try {
    body();
  } catch (const context::detail::forced_unwind&) {
    stack_switch::leave_for_good(outside_low, outside_bytes);
    throw;  // the fiber is being destroyed; Boost.Context ends it
  } catch (...) {
    fault = std::current_exception();
  }
  ended = true;
  stack_switch::leave_for_good(outside_low, outside_bytes);
  return std::move(outside);
}

void fiber::state::resume() {
  if (!std::exchange(started, true)) {
    inside = context::fiber{std::allocator_arg, stack_allocator{*this},
                            [this](context::fiber&& from) { return enter(std::move(from)); }};
  }
  state* const resumer = std::exchange(running, this);
  outside_switch.leave(inside_low, stacks.stack_bytes());
  inside = std::move(inside).resume();
  outside_switch.come_back(nullptr, nullptr);
  running = resumer;
  if (fault) std::rethrow_exception(std::exchange(fault, nullptr));
}

void fiber::state::suspend() {
  inside_switch.leave(outside_low, outside_bytes);
  try {
    outside = std::move(outside).resume();
  } catch (const context::detail::forced_unwind&) {
    inside_switch.come_back(&outside_low, &outside_bytes);  // to be unwound, but back all the same
    throw;
  }
  inside_switch.come_back(&outside_low, &outside_bytes);
}

fiber::state::~state() {
  if (!inside) return;
  state* const destroyer = std::exchange(running, this);
  outside_switch.leave(inside_low, stacks.stack_bytes());
  inside = {};  // unwinds its stack
  outside_switch.come_back(nullptr, nullptr);
  running = destroyer;
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
  loop.start(client, std::move(request), [&result, waiting](exchange_result answer) {
    result = std::move(answer);
    waiting->resume();
  });
  waiting->suspend();
  return *std::move(result);
}

}  // namespace farebench
