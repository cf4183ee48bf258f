#include "farebench/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/lib/async/counted.hpp"

namespace farebench {
namespace {

/// Suspends until the test resumes it.
struct gate {
  std::coroutine_handle<> waiting;
  auto operator co_await() {
    struct awaiter {
      gate& opened;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> handle) const noexcept { opened.waiting = handle; }
      void await_resume() const noexcept {}
    };
    return awaiter{*this};
  }
};

task<int> seven() { co_return 7; }

TEST(task, does_not_start_until_it_is_awaited_or_started) {
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

TEST(task, hands_its_result_to_its_awaiter) {
  auto sum = []() -> task<int> { co_return co_await seven() + co_await seven(); }();
  sum.start();
  ASSERT_TRUE(sum.done());
  EXPECT_EQ(sum.result(), 14);
}

TEST(task, takes_results_that_can_only_be_moved) {
  auto whole = []() -> task<std::unique_ptr<std::string>> {
    co_return std::make_unique<std::string>("moved");
  }();
  whole.start();
  EXPECT_EQ(*whole.result(), "moved");
}

TEST(task, throws_in_its_awaiter_what_it_threw) {
  auto failing = []() -> task<int> {
    throw std::domain_error{"no"};
    co_return 1;
  };
  auto catching = [](auto make) -> task<std::string> {
    try {
      co_await make();
    } catch (const std::domain_error& fault) {
      co_return fault.what();
    }
    co_return "nothing was thrown";
  }(failing);
  catching.start();
  EXPECT_EQ(catching.result(), "no");

  auto uncaught = failing();
  uncaught.start();
  EXPECT_THROW(uncaught.result(), std::domain_error);
}

TEST(task, is_resumed_inside_the_call_that_opens_what_it_waits_for) {
  gate opened;
  std::vector<int> order;
  auto inner = [](gate& at, std::vector<int>& seen) -> task<> {
    co_await at;
    seen.push_back(2);
  };
  auto outer = [](auto make, gate& at, std::vector<int>& seen) -> task<> {
    seen.push_back(1);
    co_await make(at, seen);
    seen.push_back(3);
  }(inner, opened, order);
  outer.start();
  EXPECT_EQ(order, (std::vector{1}));
  opened.waiting.resume();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_TRUE(outer.done());
}

TEST(task, destroyed_where_it_waits_destroys_every_frame_below_it) {
  gate opened;
  auto inner = [](gate& at) -> task<> {
    const counted held;
    co_await at;
  };
  {
    auto outer = [](auto make, gate& at) -> task<> {
      const counted held;
      co_await make(at);
    }(inner, opened);
    EXPECT_EQ(counted::alive(), 0);
    outer.start();
    EXPECT_EQ(counted::alive(), 2);
  }
  EXPECT_EQ(counted::alive(), 0);
}

TEST(task, never_started_is_destroyed_all_the_same) {
  {
    auto unused = [](counted) -> task<> { co_return; }(counted{});
    EXPECT_GE(counted::alive(), 1);
  }
  EXPECT_EQ(counted::alive(), 0);
}

TEST(task, awaits_a_million_in_a_row_without_a_growing_stack) {
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "symmetric transfer is a tail call, which GCC makes at -O2 and without sanitizers only";
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
