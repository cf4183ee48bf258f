#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <utility>
#include <variant>

namespace farebench {

template <typename Result = void>
class task;

namespace detail {

/// Final awaiter of a task: resumes the awaiting coroutine by symmetric transfer, without growing the stack.
struct resume_awaiter {
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
    return finished.promise().awaiting;
  }
  void await_resume() const noexcept {}
};

struct task_promise_base {
  std::suspend_always initial_suspend() const noexcept { return {}; }
  resume_awaiter final_suspend() const noexcept { return {}; }

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
  Result take_result() {
    if (result.index() == 2) std::rethrow_exception(std::get<2>(result));
    return std::get<1>(std::move(result));
  }

  std::variant<std::monostate, Result, std::exception_ptr> result;
};

template <>
struct task_promise<void> : task_promise_base {
  task<void> get_return_object();
  void return_void() const noexcept {}
  void unhandled_exception() { error = std::current_exception(); }
  void take_result() const {
    if (error) std::rethrow_exception(error);
  }

  std::exception_ptr error;
};

}  // namespace detail

/// A lazy coroutine: `task<page> load(…)` is a function that may `co_await` and `co_return`s a page.
///
/// It starts when it is awaited or started, and resumes its awaiter when it finishes: in the same thread,
/// inside the call that finished it. The task owns the coroutine frame. Destroying a task that has not
/// finished destroys the locals of its coroutine and of every task that it awaits. Not thread-safe.
template <typename Result>
class [[nodiscard]] task {
 public:
  using promise_type = detail::task_promise<Result>;

  /// Used by the compiler. Owns the frame.
  explicit task(std::coroutine_handle<promise_type> frame) : frame_{frame} {}
  /// Moves the coroutine, also a suspended one.
  task(task&& other) noexcept : frame_{std::exchange(other.frame_, nullptr)} {}
  /// Destroys this task's coroutine and moves the other's.
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

  /// Runs the outermost task, which no coroutine awaits, to its first suspension. Must be called only once.
  void start() { frame_.resume(); }
  /// Returns true once the coroutine has returned or thrown.
  bool done() const { return frame_.done(); }
  /// Returns the coroutine's result, or throws its exception. Requires done(). Must be called only once.
  Result result() { return frame_.promise().take_result(); }

  /// `co_await std::move(task)` starts the task. It gives the task's result or throws its exception.
  auto operator co_await() && {
    struct awaiter {
      std::coroutine_handle<promise_type> frame;
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        frame.promise().awaiting = awaiting;
        return frame;
      }
      Result await_resume() const { return frame.promise().take_result(); }
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
