#include "strategies/retry.hpp"

#include <gtest/gtest.h>

namespace farebench {
namespace {

using namespace std::chrono_literals;

constexpr repeat_queue::clock::time_point now{1h};

TEST(repeat_queue, gives_what_is_due_first_whatever_the_order_of_adding) {
  repeat_queue waiting;
  for (const int due : {3, 1, 4, 1, 5, 9, 2, 6}) {
    waiting.make_room();
    waiting.add({.index = static_cast<std::size_t>(due)}, now + due * 1s);
  }
  std::vector<std::size_t> order;
  while (const auto first = waiting.take_first()) order.push_back(first->attempt.index);
  EXPECT_EQ(order, (std::vector<std::size_t>{1, 1, 2, 3, 4, 5, 6, 9}));
  EXPECT_TRUE(waiting.empty());
}

TEST(repeat_queue, tells_when_only_of_what_is_not_yet_due) {
  repeat_queue waiting;
  waiting.add({.index = 1}, now);
  waiting.add({.index = 2}, now + 1s);
  const auto due = waiting.take_due(now);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->attempt.index, 1u);
  EXPECT_FALSE(due->due);
  EXPECT_FALSE(waiting.take_due(now));
  const auto first = waiting.take_first();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->due, now + 1s);
  EXPECT_FALSE(waiting.take_first());
}

}  // namespace
}  // namespace farebench
