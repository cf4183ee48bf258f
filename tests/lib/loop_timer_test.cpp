// Waits by callback, coroutine and fiber.

#include "farebench/event_loop.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <vector>

#include "farebench/fiber.hpp"
#include "farebench/task.hpp"
#include "tests/lib/async_support.hpp"
#include "tests/support/stub_server.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using clock = loop_timer::clock;
using testing::ElementsAre;

class loop_timer_test : public every_loop {};
INSTANTIATE_TEST_SUITE_P(waiting, loop_timer_test, all_loops(), name_of_loop);

TEST_P(loop_timer_test, wait_completes_inside_run_when_due) {
  loop_timer timer;
  int ended = 0;
  const auto begin = clock::now();
  loop_.wait(timer, begin + 30ms, [&] { ++ended; });
  EXPECT_EQ(ended, 0);
  EXPECT_TRUE(loop_.run());
  EXPECT_EQ(ended, 1);
  EXPECT_GE(clock::now() - begin, 30ms);
}

TEST_P(loop_timer_test, waits_complete_by_moment_then_by_start) {
  const auto begin = clock::now();
  std::vector<int> order;
  std::vector<loop_timer> timers(6);
  int number = 0;
  for (const auto wait : {20ms, 5ms, -10ms, 5ms, 15ms, 0ms}) {
    const int id = number++;
    loop_.wait(timers[static_cast<std::size_t>(id)], begin + wait, [&order, id] { order.push_back(id); });
  }
  loop_.run();
  EXPECT_THAT(order, ElementsAre(2, 5, 1, 3, 4, 0));
}

TEST_P(loop_timer_test, thousand_waits_keep_order_despite_cancellations) {
  const auto begin = clock::now();
  std::vector<loop_timer> timers(1'000);
  std::vector<clock::time_point> ended;
  for (std::size_t i = 0; i < timers.size(); ++i) {
    const auto moment = begin + std::chrono::microseconds{(i * 7'919) % 10'007};
    loop_.wait(timers[i], moment, [&ended, moment] { ended.push_back(moment); });
  }
  for (std::size_t i = 0; i < timers.size(); i += 3) timers[i] = {};
  loop_.run();
  EXPECT_EQ(ended.size(), 666u);
  EXPECT_TRUE(std::ranges::is_sorted(ended));
}

TEST_P(loop_timer_test, cancelled_wait_never_completes) {
  {
    loop_timer destroyed;
    loop_.wait(destroyed, clock::now() + 1h,
               [] { ADD_FAILURE() << "completed after its timer was destroyed"; });
  }
  EXPECT_TRUE(loop_.run());
  loop_timer again;
  int ended = 0;
  loop_.wait(again, clock::now() + 1h, [] { ADD_FAILURE() << "completed although replaced"; });
  loop_.wait(again, clock::now(), [&] { ++ended; });
  EXPECT_TRUE(loop_.run());
  EXPECT_EQ(ended, 1);
}

TEST_P(loop_timer_test, completion_may_destroy_its_timer_and_others) {
  std::vector<std::unique_ptr<loop_timer>> timers;
  int ended = 0;
  for (int i = 0; i < 5; ++i) {
    timers.push_back(std::make_unique<loop_timer>());
    loop_.wait(*timers.back(), clock::now(), [&] {
      ++ended;
      timers.clear();
    });
  }
  loop_.run();
  EXPECT_EQ(ended, 1);
}

TEST_P(loop_timer_test, restarted_waits_do_not_starve_exchanges) {
  const test::stub_server site{
      [](const std::string&) { return test::stub_response{test::http_response(200, "", "hello")}; }};
  loop_client client{loop_, {}};
  bool completed = false;
  loop_.start(client, exchange_request{site.url() + "/"}, [&](const exchange_result&) { completed = true; });
  loop_timer timer;
  std::function<void()> again = [&] {
    if (!completed) loop_.wait(timer, clock::now(), again);
  };
  again();
  loop_.run();
  EXPECT_TRUE(completed);
}

TEST_P(loop_timer_test, exception_leaves_run_and_run_can_continue) {
  loop_timer first;
  loop_timer second;
  int ended = 0;
  loop_.wait(first, clock::now(), [] { throw std::domain_error{"enough"}; });
  loop_.wait(second, clock::now(), [&] { ++ended; });
  EXPECT_THROW(loop_.run(), std::domain_error);
  loop_.run();
  EXPECT_EQ(ended, 1);
}

TEST_P(loop_timer_test, stop_or_interrupt_leaves_the_wait_pending) {
  loop_timer timer;
  int ended = 0;
  loop_.wait(timer, clock::now() + 1h, [&] { ++ended; });
  test::event_count running;
  loop_timer begin;
  std::stop_source stop;
  {
    loop_.wait(begin, clock::now(), [&] { running.add(); });
    const std::jthread stopper{[&] {
      EXPECT_TRUE(running.wait_for(1));
      stop.request_stop();
    }};
    EXPECT_FALSE(loop_.run(stop.get_token()));
  }
  {
    loop_.wait(begin, clock::now(), [&] { running.add(); });
    const std::jthread interrupter{[&] {
      EXPECT_TRUE(running.wait_for(2));
      loop_.interrupt();
    }};
    EXPECT_FALSE(loop_.run());
  }
  EXPECT_EQ(ended, 0);
  loop_.expire_timers();
  EXPECT_TRUE(loop_.run());
  EXPECT_EQ(ended, 1);
}

TEST_P(loop_timer_test, expired_waits_keep_their_order) {
  std::vector<int> order;
  std::vector<loop_timer> timers(5);
  for (int i = 0; i < 4; ++i) {
    loop_.wait(timers[static_cast<std::size_t>(i)], clock::now() + 1h - i * 1min,
               [&, i] { order.push_back(i); });
  }
  loop_.expire_timers();
  loop_.wait(timers[4], clock::now() + 10ms, [&] { order.push_back(4); });
  loop_.run();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
}

TEST_P(loop_timer_test, coroutine_resumes_when_its_wait_is_due) {
  const auto begin = clock::now();
  auto waiting = [](event_loop& loop, clock::time_point moment) -> task<int> {
    co_await loop.wait_until(moment);
    co_await loop.wait_until(moment - 1h);
    co_return 7;
  }(loop_, begin + 20ms);
  waiting.start();
  EXPECT_FALSE(waiting.done());
  loop_.run();
  ASSERT_TRUE(waiting.done());
  EXPECT_EQ(waiting.result(), 7);
  EXPECT_GE(clock::now() - begin, 20ms);
}

TEST_P(loop_timer_test, destroying_a_waiting_coroutine_cancels_the_wait) {
  const auto waiting = [](event_loop& loop) -> task<> {
    const counted held;
    co_await loop.wait_until(clock::now() + 1h);
    ADD_FAILURE() << "resumed after it was destroyed";
  };
  {
    auto outer = [](auto inner, event_loop& loop) -> task<> {
      const counted held;
      co_await inner(loop);
    }(waiting, loop_);
    outer.start();
    EXPECT_EQ(counted::alive(), 2);
  }
  EXPECT_EQ(counted::alive(), 0);
  EXPECT_TRUE(loop_.run());
}

TEST_P(loop_timer_test, default_awaiter_does_not_suspend) {
  bool ended = false;
  auto passing = [](bool& flag) -> task<> {
    co_await wait_awaiter{};
    flag = true;
  }(ended);
  passing.start();
  EXPECT_TRUE(ended);
}

TEST_P(loop_timer_test, fiber_resumes_when_its_wait_is_due) {
  fiber_stacks stacks{2};
  const auto begin = clock::now();
  bool ended = false;
  fiber waiting{stacks, [&] {
                  await_until(loop_, begin + 20ms);
                  ended = true;
                }};
  waiting.resume();
  EXPECT_FALSE(ended);
  {
    fiber destroyed{stacks, [&] {
                      const counted held;
                      await_until(loop_, clock::now() + 1h);
                      ADD_FAILURE() << "resumed after it was destroyed";
                    }};
    destroyed.resume();
    EXPECT_EQ(counted::alive(), 1);
  }
  EXPECT_EQ(counted::alive(), 0);
  loop_.run();
  EXPECT_TRUE(ended);
  EXPECT_GE(clock::now() - begin, 20ms);
}

}  // namespace
}  // namespace farebench
