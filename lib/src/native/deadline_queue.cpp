#include "native/deadline_queue.hpp"

#include <algorithm>
#include <bit>
#include <type_traits>
#include <utility>

namespace farebench {

using std::chrono::milliseconds;

static_assert(sizeof(deadline_entry) <= 24);
static_assert(std::is_trivially_destructible_v<deadline_entry>);

deadline_queue::deadline_queue() noexcept {
  for (auto& end : ends_) end.next_ = end.previous_ = &end;
}

void deadline_queue::set(deadline_entry& entry, clock::time_point now, clock::time_point due) noexcept {
  cancel(entry);
  advance(now);
  const std::int64_t due_ms = std::chrono::ceil<milliseconds>(due).time_since_epoch().count();
  entry.due_ = static_cast<std::uint32_t>(std::clamp(due_ms, now_, now_ + max_remaining.count()));
  insert(entry);
}

void deadline_queue::cancel(deadline_entry& entry) noexcept {
  if (!entry.is_set()) return;
  entry.previous_->next_ = entry.next_;
  entry.next_->previous_ = entry.previous_;
  entry.next_ = entry.previous_ = nullptr;
}

std::optional<deadline_queue::clock::time_point> deadline_queue::next_wake_up() const noexcept {
  std::optional<std::int32_t> least;
  for (const auto& end : ends_) {
    if (end.next_ == &end) continue;
    const auto remaining = remaining_until(end.next_->check_);
    least = std::min(least.value_or(remaining), remaining);
  }
  if (!least) return std::nullopt;
  return clock::time_point{milliseconds{now_ + *least}};
}

deadline_entry* deadline_queue::pop_due(clock::time_point now) noexcept {
  advance(now);
  for (auto& end : ends_) {
    while (end.next_ != &end && remaining_until(end.next_->check_) <= 0) {
      auto& entry = *end.next_;
      cancel(entry);
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
  const std::size_t list = std::min<std::size_t>(std::bit_width(remaining), lists - 1);
  const std::uint32_t wait = list == 0 ? 0 : std::uint32_t{1} << (list - 1);
  entry.check_ = static_cast<std::uint32_t>(now_) + wait;
  auto& end = ends_[list];
  entry.next_ = &end;
  entry.previous_ = std::exchange(end.previous_, &entry);
  entry.previous_->next_ = &entry;
}

}  // namespace farebench
