#include "farebench/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/lib/async_support.hpp"

namespace farebench {
namespace {

/// Suspends its awaiter until the test resumes it.
struct gate {
  std::coroutine_handle<> waiting;
  auto operator co_await() {
    struct awaiter {
      gate& owner;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> handle) const noexcept { owner.waiting = handle; }
      void await_resume() const noexcept {}
    };
    return awaiter{*this};
  }
};

task<int> seven() { co_return 7; }

TEST(task, task_does_not_run_before_start) {
  bool started = false;
  auto lazy = [](bool& flag) -> task<> {
    flag = true;
    co_return;
  }(started);
  EXPECT_FALSE(started);
  lazy.start();
  EXPECT_TRUE(started);
  EXPECT_TRUE(lazy.done());
}

TEST(task, awaited_task_gives_its_result) {
  auto sum = []() -> task<int> { co_return co_await seven() + co_await seven(); }();
  sum.start();
  ASSERT_TRUE(sum.done());
  EXPECT_EQ(sum.result(), 14);
}

TEST(task, task_result_may_be_move_only) {
  auto whole = []() -> task<std::unique_ptr<std::string>> {
    co_return std::make_unique<std::string>("moved");
  }();
  whole.start();
  EXPECT_EQ(*whole.result(), "moved");
}

TEST(task, exception_of_task_is_rethrown_in_awaiter) {
  auto failing = []() -> task<int> {
    throw std::domain_error{"no"};
    co_return 1;
  };
  auto catching = [](auto make) -> task<std::string> {
    try {
      co_await make();
    } catch (const std::domain_error& error) {
      co_return error.what();
    }
    co_return "no exception";
  }(failing);
  catching.start();
  EXPECT_EQ(catching.result(), "no");

  auto uncaught = failing();
  uncaught.start();
  EXPECT_THROW(uncaught.result(), std::domain_error);
}

TEST(task, finished_task_resumes_awaiter_in_same_call) {
  gate opened;
  std::vector<int> order;
  auto inner = [](gate& waiting, std::vector<int>& steps) -> task<> {
    co_await waiting;
    steps.push_back(2);
  };
  auto outer = [](auto make, gate& waiting, std::vector<int>& steps) -> task<> {
    steps.push_back(1);
    co_await make(waiting, steps);
    steps.push_back(3);
  }(inner, opened, order);
  outer.start();
  EXPECT_EQ(order, (std::vector{1}));
  opened.waiting.resume();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_TRUE(outer.done());
}

TEST(task, destroyed_task_destroys_nested_frames) {
  gate opened;
  auto inner = [](gate& waiting) -> task<> {
    const counted held;
    co_await waiting;
  };
  {
    auto outer = [](auto make, gate& waiting) -> task<> {
      const counted held;
      co_await make(waiting);
    }(inner, opened);
    EXPECT_EQ(counted::alive(), 0);
    outer.start();
    EXPECT_EQ(counted::alive(), 2);
  }
  EXPECT_EQ(counted::alive(), 0);
}

TEST(task, unstarted_task_destroys_its_parameters) {
  {
    auto unused = [](counted) -> task<> { co_return; }(counted{});
    EXPECT_GE(counted::alive(), 1);
  }
  EXPECT_EQ(counted::alive(), 0);
}

TEST(task, million_awaits_do_not_grow_the_stack) {
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "GCC makes symmetric transfer a tail call only at -O2 and without sanitizers";
#endif
  auto many = []() -> task<long> {
    long sum = 0;
    for (int i = 0; i < 1'000'000; ++i) sum += co_await seven();
    co_return sum;
  }();
  many.start();
  EXPECT_EQ(many.result(), 7'000'000);
}

}  // namespace
}  // namespace farebench
