#include "strategy/batch_run.hpp"

#include <utility>

#include "strategy/scrape.hpp"

namespace farebench {

std::optional<std::size_t> batch_run::next() {
  if (has_failed() || work_.stop.stop_requested()) return std::nullopt;
  const std::size_t index = next_.fetch_add(1, std::memory_order_relaxed);
  if (index >= work_.size) return std::nullopt;
  return index;
}

void batch_run::deliver(std::size_t index, outcome&& result) {
  const std::lock_guard lock{delivery_};
  sink_(index, std::move(result));
}

void batch_run::fail(std::exception_ptr why) {
  const std::lock_guard lock{delivery_};
  if (!fault_) fault_ = std::move(why);
  failed_.store(true, std::memory_order_relaxed);
}

void batch_run::end() {
  if (fault_) std::rethrow_exception(fault_);
  for (std::size_t index = next_; index < work_.size; ++index) sink_(index, cancelled_outcome());
}

}  // namespace farebench
