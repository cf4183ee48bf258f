#include "farebench/fiber.hpp"

#include <boost/context/fiber.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "async/switched_stack.hpp"

namespace farebench {

namespace context = boost::context;

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

  switched_stack inside_stack;
  switched_stack outside_stack;
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
    owner_->inside_stack.open(static_cast<const char*>(stack.sp) - stack.size, stack.size);
    return stack;
  }
  void deallocate(context::stack_context& stack) noexcept {
    owner_->inside_stack.close();
    owner_->stacks.give_back(stack.sp);
  }

 private:
  state* owner_;
};

context::fiber fiber::state::enter(context::fiber&& from) {
  inside_stack.arrive_from(outside_stack);
  outside = std::move(from);
  try {
    body();
  } catch (const context::detail::forced_unwind&) {
    inside_stack.leave_for_good(outside_stack);
    throw;  // the fiber is being destroyed; Boost.Context ends it
  } catch (...) {
    fault = std::current_exception();
  }
  ended = true;
  inside_stack.leave_for_good(outside_stack);
  return std::move(outside);
}

void fiber::state::resume() {
  if (!std::exchange(started, true)) {
    inside = context::fiber{std::allocator_arg, stack_allocator{*this},
                            [this](context::fiber&& from) { return enter(std::move(from)); }};
  }
  state* const resumer = std::exchange(running, this);
  outside_stack.leave_for(inside_stack);
  inside = std::move(inside).resume();
  outside_stack.arrive_from(inside_stack);
  running = resumer;
  if (fault) std::rethrow_exception(std::exchange(fault, nullptr));
}

void fiber::state::suspend() {
  inside_stack.leave_for(outside_stack);
  try {
    outside = std::move(outside).resume();
  } catch (const context::detail::forced_unwind&) {
    inside_stack.arrive_from(outside_stack);  // to be unwound, but back all the same
    throw;
  }
  inside_stack.arrive_from(outside_stack);
}

fiber::state::~state() {
  if (!inside) return;
  state* const destroyer = std::exchange(running, this);
  outside_stack.leave_for(inside_stack);
  inside = {};  // unwinds its stack
  outside_stack.arrive_from(inside_stack);
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

void await_moment(event_loop& loop, loop_timer::clock::time_point moment) {
  loop_timer timer;  // on the fiber's stack: unwound with it, its wait is taken back
  auto* const waiting = fiber::state::running;
  loop.wait(timer, moment, [waiting] { waiting->resume(); });
  waiting->suspend();
}

}  // namespace farebench
