#include "farebench/fiber.hpp"

#include <sys/mman.h>
#include <unistd.h>

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

namespace {

std::size_t page_bytes() {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

/// How many memory maps a process may have; Linux's default where the kernel does not tell.
std::size_t most_maps() {
  std::size_t most = 65'530;
  std::ifstream{"/proc/sys/vm/max_map_count"} >> most;
  return most;
}

[[noreturn]] void throw_errno(const char* call) {
  throw std::system_error{errno, std::generic_category(), call};
}

}  // namespace

fiber_stacks::fiber_stacks(std::size_t count, std::size_t stack_bytes)
    : stack_bytes_{(stack_bytes + page_bytes() - 1) / page_bytes() * page_bytes()},
      guarded_{2 * count <= most_maps() / 2} {
  const std::size_t guard_bytes = guarded_ ? page_bytes() : 0;
  mapped_bytes_ = count * (stack_bytes_ + guard_bytes);
  if (mapped_bytes_ == 0) mapped_bytes_ = page_bytes();
  void* const mapped = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (mapped == MAP_FAILED) throw_errno("mmap of fiber stacks");
  mapped_ = static_cast<std::byte*>(mapped);
  // A huge page under a stack would make all of it resident at the first touch. Where there are none, there
  // is nothing to refuse.
  madvise(mapped_, mapped_bytes_, MADV_NOHUGEPAGE);

  free_tops_.reserve(count);
  for (std::size_t i = count; i-- > 0;) {
    std::byte* const low = mapped_ + i * (stack_bytes_ + guard_bytes);
    if (guarded_ && mprotect(low, guard_bytes, PROT_NONE) != 0) {
      const int error = errno;
      munmap(mapped_, mapped_bytes_);
      throw std::system_error{error, std::generic_category(), "mprotect of a fiber stack's guard"};
    }
    free_tops_.push_back(low + guard_bytes + stack_bytes_);
  }
}

fiber_stacks::~fiber_stacks() { munmap(mapped_, mapped_bytes_); }

void* fiber_stacks::take() {
  if (free_tops_.empty()) throw std::bad_alloc{};
  void* const top = free_tops_.back();
  free_tops_.pop_back();
  return top;
}

void fiber_stacks::give_back(void* top) { free_tops_.push_back(top); }

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

void await_until(event_loop& loop, loop_timer::clock::time_point moment) {
  loop_timer timer;  // on the fiber's stack: unwound with it, its wait is taken back
  auto* const waiting = fiber::state::running;
  loop.wait(timer, moment, [waiting] { waiting->resume(); });
  waiting->suspend();
}

}  // namespace farebench
