#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace farebench {

template <typename Result = void>
class task;

namespace detail {

/// When a task ends, it resumes in one jump (symmetric transfer, no growing stack) whoever awaits it.
struct resume_awaiting {
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
    return ended.promise().awaiting;
  }
  void await_resume() const noexcept {}
};

struct task_promise_base {
  std::suspend_always initial_suspend() const noexcept { return {}; }
  resume_awaiting final_suspend() const noexcept { return {}; }

  std::coroutine_handle<> awaiting = std::noop_coroutine();
};

template <typename Result>
struct task_promise : task_promise_base {
  task<Result> get_return_object();
  template <std::convertible_to<Result> Value>
  void return_value(Value&& value) {
    result.template emplace<1>(std::forward<Value>(value));
  }
  void unhandled_exception() { result.template emplace<2>(std::current_exception()); }
  Result take() {
    if (result.index() == 2) std::rethrow_exception(std::get<2>(result));
    return std::get<1>(std::move(result));
  }

  std::variant<std::monostate, Result, std::exception_ptr> result;
};

template <>
struct task_promise<void> : task_promise_base {
  task<void> get_return_object();
  void return_void() const noexcept {}
  void unhandled_exception() { fault = std::current_exception(); }
  void take() const {
    if (fault) std::rethrow_exception(fault);
  }

  std::exception_ptr fault;
};

}  // namespace detail

/// A coroutine that does nothing until it is awaited, and then resumes its awaiter when it ends, in the same
/// thread and inside the call that ended it. The task owns the frame: destroying it destroys what
/// the coroutine holds, wherever it waits. Its exception is thrown where its result is taken.
template <typename Result>
class [[nodiscard]] task {
 public:
  using promise_type = detail::task_promise<Result>;

  explicit task(std::coroutine_handle<promise_type> frame) : frame_{frame} {}
  task(task&& other) noexcept : frame_{std::exchange(other.frame_, nullptr)} {}
  task& operator=(task&& other) noexcept {
    if (this != &other) {
      if (frame_) frame_.destroy();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }
  ~task() {
    if (frame_) frame_.destroy();
  }

  /// For the outermost task, which nobody awaits: runs it to its first suspension. Once.
  void start() { frame_.resume(); }
  bool done() const { return frame_.done(); }
  /// What it returned, or throws what it threw. Once, when done.
  Result result() { return frame_.promise().take(); }

  /// `co_await task` starts it; resumes with its result.
  auto operator co_await() && {
    struct awaiter {
      std::coroutine_handle<promise_type> frame;
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        frame.promise().awaiting = awaiting;
        return frame;
      }
      Result await_resume() const { return frame.promise().take(); }
    };
    return awaiter{frame_};
  }

 private:
  std::coroutine_handle<promise_type> frame_;
};

namespace detail {

template <typename Result>
task<Result> task_promise<Result>::get_return_object() {
  return task<Result>{std::coroutine_handle<task_promise>::from_promise(*this)};
}

inline task<void> task_promise<void>::get_return_object() {
  return task<void>{std::coroutine_handle<task_promise>::from_promise(*this)};
}

}  // namespace detail

}  // namespace farebench
