#include "native/deadline_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

namespace farebench {
namespace {

using namespace std::chrono_literals;
using deadline_clock = deadline_queue::clock;
using deadline_time = deadline_clock::time_point;

class deadline_queue_test : public testing::Test {
 protected:
  void set_after(deadline_entry& entry, deadline_clock::duration time) {
    queue_.set(entry, now_, now_ + time);
  }

  /// Advances time from one wake-up to the next until an entry is due. Returns nullptr if none is set.
  deadline_entry* wait() {
    for (wake_ups_ = 0;; ++wake_ups_) {
      if (auto* const entry = queue_.pop_due(now_)) return entry;
      const auto wake_up = queue_.next_wake_up();
      if (!wake_up) return nullptr;
      EXPECT_GT(*wake_up, now_);
      now_ = *wake_up;
    }
  }

  deadline_queue queue_;
  deadline_time now_{123'456ms};
  std::size_t wake_ups_ = 0;
};

TEST_F(deadline_queue_test, empty_queue_needs_no_wake_up) {
  EXPECT_EQ(queue_.next_wake_up(), std::nullopt);
  EXPECT_EQ(queue_.pop_due(now_), nullptr);
}

TEST_F(deadline_queue_test, entries_are_due_in_order_of_deadlines) {
  deadline_entry entries[4];
  set_after(entries[0], 700ms);
  set_after(entries[1], 30s);
  set_after(entries[2], 1ms);
  set_after(entries[3], 699ms);
  for (auto* const entry : {&entries[2], &entries[3], &entries[0], &entries[1]}) EXPECT_EQ(wait(), entry);
  EXPECT_EQ(wait(), nullptr);
}

TEST_F(deadline_queue_test, deadline_is_exact_to_the_millisecond) {
  const auto start = now_;
  for (const auto time : {0ms, 1ms, 2ms, 3ms, 127ms, 128ms, 129ms, 1'000ms, 30'000ms, 86'400'000ms}) {
    deadline_entry entry;
    set_after(entry, time);
    const auto due = now_ + time;
    ASSERT_EQ(wait(), &entry);
    EXPECT_EQ(now_, due) << (due - start);
  }
}

TEST_F(deadline_queue_test, fractions_of_milliseconds_round_up) {
  deadline_entry entry;
  queue_.set(entry, now_ + 900us, now_ + 1'100us);
  EXPECT_EQ(queue_.pop_due(now_ + 1'999us), nullptr);
  EXPECT_EQ(queue_.pop_due(now_ + 2ms), &entry);
}

TEST_F(deadline_queue_test, past_deadline_is_due_at_once) {
  deadline_entry entry;
  set_after(entry, -5s);
  EXPECT_EQ(queue_.next_wake_up(), now_);
  EXPECT_EQ(queue_.pop_due(now_), &entry);
}

TEST_F(deadline_queue_test, wake_ups_grow_with_logarithm_of_time) {
  deadline_entry entry;
  set_after(entry, 1'023ms);
  EXPECT_EQ(wait(), &entry);
  EXPECT_EQ(wake_ups_, 10u);
  set_after(entry, 1'024ms);
  EXPECT_EQ(wait(), &entry);
  EXPECT_EQ(wake_ups_, 1u);
}

TEST_F(deadline_queue_test, cancelled_entry_is_never_due) {
  deadline_entry entries[3];
  for (auto& entry : entries) set_after(entry, 1s);
  entries[1].unlink();
  EXPECT_FALSE(entries[1].is_linked());
  EXPECT_EQ(wait(), &entries[0]);
  EXPECT_FALSE(entries[0].is_linked());
  EXPECT_EQ(wait(), &entries[2]);
  EXPECT_EQ(wait(), nullptr);
}

TEST_F(deadline_queue_test, cancelling_unset_entry_has_no_effect) {
  deadline_entry unset;
  deadline_entry entry;
  unset.unlink();
  set_after(entry, 1ms);
  entry.unlink();
  entry.unlink();
  EXPECT_EQ(queue_.next_wake_up(), std::nullopt);
}

TEST_F(deadline_queue_test, second_set_replaces_the_deadline) {
  deadline_entry entry;
  set_after(entry, 1ms);
  set_after(entry, 1h);
  const auto due = now_ + 1h;
  EXPECT_EQ(wait(), &entry);
  EXPECT_EQ(now_, due);
  EXPECT_EQ(wait(), nullptr);
}

TEST_F(deadline_queue_test, late_call_returns_all_overdue_entries) {
  std::vector<deadline_entry> entries(100);
  for (std::size_t i = 0; i < entries.size(); ++i) set_after(entries[i], 37ms * i);
  now_ += 1h;
  for (std::size_t i = 0; i < entries.size(); ++i) EXPECT_NE(queue_.pop_due(now_), nullptr);
  EXPECT_EQ(queue_.pop_due(now_), nullptr);
}

TEST_F(deadline_queue_test, earlier_now_counts_as_the_latest) {
  // Otherwise `next` would be in the list of `later`, behind it.
  deadline_entry later;
  deadline_entry next;
  set_after(later, 100ms);
  queue_.set(next, now_ - 10ms, now_ + 54ms);
  const auto due = now_ + 54ms;
  EXPECT_EQ(wait(), &next);
  EXPECT_EQ(now_, due);
  EXPECT_EQ(queue_.pop_due(now_ - 1s), nullptr);
  EXPECT_EQ(wait(), &later);
}

TEST_F(deadline_queue_test, longer_deadline_is_due_after_the_maximum) {
  deadline_entry entry;
  queue_.set(entry, now_, deadline_time::max());
  const auto due = now_ + deadline_queue::max_remaining;
  EXPECT_EQ(wait(), &entry);
  EXPECT_EQ(now_, due);
}

/// Compares the queue with a multimap under random operations, in virtual time.
class deadline_comparison {
 public:
  deadline_comparison(std::uint32_t seed, deadline_time start) : random_{seed}, now_{start} {}

  void run(int operations) {
    for (int i = 0; i < operations && !testing::Test::HasFailure(); ++i) {
      const auto index = up_to(entries_.size() - 1);
      switch (up_to(3)) {
        case 0:
          set(index);
          break;
        case 1:
          cancel(index);
          break;
        default:
          advance();
      }
    }
  }

 private:
  using by_deadline = std::multimap<deadline_time, std::size_t>;

  std::uint64_t up_to(std::uint64_t max) {
    return std::uniform_int_distribution{std::uint64_t{0}, max}(random_);
  }

  /// Returns times of all magnitudes, from nanoseconds to two days.
  deadline_clock::duration some_time() {
    return deadline_clock::duration{up_to(std::uint64_t{1} << up_to(47))};
  }

  void set(std::size_t index) {
    cancel(index);
    const auto due = now_ + some_time() - 1ms;
    queue_.set(entries_[index], now_, due);
    positions_[index] = expected_.emplace(due, index);
  }

  void cancel(std::size_t index) {
    entries_[index].unlink();
    if (positions_[index] != expected_.end()) expected_.erase(positions_[index]);
    positions_[index] = expected_.end();
  }

  /// Advances to the next wake-up or, sometimes, beyond it.
  void advance() {
    const auto wake_up = queue_.next_wake_up();
    ASSERT_EQ(wake_up.has_value(), !expected_.empty());
    if (wake_up) {
      ASSERT_LE(*wake_up, std::max(now_, expected_.begin()->first + 1ms));
      now_ = std::max(now_, *wake_up);
    }
    if (up_to(3) == 0) now_ += some_time();
    while (auto* const entry = queue_.pop_due(now_)) {
      const auto index = static_cast<std::size_t>(entry - entries_.data());
      ASSERT_NE(positions_[index], expected_.end());
      ASSERT_LE(positions_[index]->first, now_);
      expected_.erase(positions_[index]);
      positions_[index] = expected_.end();
    }
    if (expected_.empty()) return;
    ASSERT_GT(expected_.begin()->first + 1ms, now_);
  }

  std::mt19937 random_;
  deadline_time now_;
  deadline_queue queue_;
  std::vector<deadline_entry> entries_ = std::vector<deadline_entry>(50);
  by_deadline expected_;
  std::vector<by_deadline::iterator> positions_{entries_.size(), expected_.end()};
};

TEST(deadline_queue, agrees_with_multimap) {
  // Stored times wrap around after 2³² ms.
  for (const auto start :
       {deadline_time{0ms}, deadline_time{4'294'967'290ms}, deadline_time{17'179'869'183ms}})
    for (std::uint32_t seed = 0; seed < 20; ++seed) deadline_comparison{seed, start}.run(2'000);
}

}  // namespace
}  // namespace farebench
