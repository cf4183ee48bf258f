#include "strategy/repeat_queue.hpp"

#include <algorithm>

namespace farebench {

void repeat_queue::add(const scrape_attempt& attempt, clock::time_point due) {
  waiting_.push_back({attempt, due});
  std::ranges::push_heap(waiting_, is_later);
}

std::optional<scrape_piece> repeat_queue::take_due(clock::time_point now) {
  if (waiting_.empty() || waiting_.front().due > now) return std::nullopt;
  auto first = take_first();
  first->due.reset();
  return first;
}

std::optional<scrape_piece> repeat_queue::take_first() {
  if (waiting_.empty()) return std::nullopt;
  std::ranges::pop_heap(waiting_, is_later);
  const waiting first = waiting_.back();
  waiting_.pop_back();
  return scrape_piece{first.attempt, first.due};
}

}  // namespace farebench
