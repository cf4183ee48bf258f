#include "native/deadline_queue.hpp"

#include <algorithm>
#include <bit>
#include <type_traits>

namespace farebench {

using std::chrono::milliseconds;

static_assert(sizeof(deadline_entry) <= 24);
static_assert(std::is_trivially_destructible_v<deadline_entry>);

void deadline_queue::set(deadline_entry& entry, clock::time_point now, clock::time_point due) noexcept {
  entry.unlink();
  advance(now);
  const std::int64_t due_ms = std::chrono::ceil<milliseconds>(due).time_since_epoch().count();
  entry.due_ = static_cast<std::uint32_t>(std::clamp(due_ms, now_, now_ + max_remaining.count()));
  insert(entry);
}

std::optional<deadline_queue::clock::time_point> deadline_queue::next_wake_up() const noexcept {
  std::optional<std::int32_t> least;
  for (const auto& list : lists_) {
    if (list.empty()) continue;
    const auto remaining = remaining_until(list.front().check_);
    least = std::min(least.value_or(remaining), remaining);
  }
  if (!least) return std::nullopt;
  return clock::time_point{milliseconds{now_ + *least}};
}

deadline_entry* deadline_queue::pop_due(clock::time_point now) noexcept {
  advance(now);
  for (const auto& list : lists_) {
    while (!list.empty() && remaining_until(list.front().check_) <= 0) {
      auto& entry = list.front();
      entry.unlink();
      if (remaining_until(entry.due_) <= 0) return &entry;
      insert(entry);
    }
  }
  return nullptr;
}

void deadline_queue::advance(clock::time_point now) noexcept {
  now_ = std::max<std::int64_t>(now_, std::chrono::floor<milliseconds>(now).time_since_epoch().count());
}

std::int32_t deadline_queue::remaining_until(std::uint32_t time) const noexcept {
  return static_cast<std::int32_t>(time - static_cast<std::uint32_t>(now_));
}

void deadline_queue::insert(deadline_entry& entry) noexcept {
  const auto remaining = static_cast<std::uint32_t>(remaining_until(entry.due_));
  const std::size_t index = std::min<std::size_t>(std::bit_width(remaining), list_count - 1);
  const std::uint32_t wait = index == 0 ? 0 : std::uint32_t{1} << (index - 1);
  entry.check_ = static_cast<std::uint32_t>(now_) + wait;
  lists_[index].push_back(entry);
}

}  // namespace farebench
