#include "mock_server/engine/event/due_queue.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "mock_server/site/random_stream.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using time_point = due_queue<int>::time_point;

TEST(due_queue, gives_nothing_before_its_moment) {
  due_queue<int> queue;
  int one = 1;
  queue.push(time_point{} + 5ms, &one);
  EXPECT_EQ(queue.next(), time_point{} + 5ms);
  EXPECT_EQ(queue.pop_due(time_point{} + 5ms - 1ns), nullptr);
  EXPECT_EQ(queue.pop_due(time_point{} + 5ms), &one);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.pop_due(time_point{} + 1h), nullptr);
}

TEST(due_queue, gives_the_earliest_first_in_whatever_order_they_came) {
  constexpr std::size_t count = 1'000;
  due_queue<std::chrono::nanoseconds> queue;
  std::vector<std::chrono::nanoseconds> moments;
  moments.reserve(count);
  random_stream random{1};
  for (std::size_t i = 0; i < count; ++i) moments.emplace_back(random.below(1'000'000));
  for (auto& moment : moments) queue.push(time_point{} + moment, &moment);
  std::chrono::nanoseconds last{0};
  for (std::size_t i = 0; i < count; ++i) {
    const auto* const due = queue.pop_due(time_point{} + 1s);
    ASSERT_NE(due, nullptr);
    EXPECT_LE(last, *due);
    last = *due;
  }
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace farebench
