#pragma once

#include "farebench/strategy.hpp"

namespace farebench {

/// W threads, each scraping one query after another on a blocking connection of its own. The sink is
/// called from the worker's thread, under a lock.
class thread_pool final : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override;
};

}  // namespace farebench
