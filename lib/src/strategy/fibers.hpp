#pragma once

#include "farebench/strategy.hpp"

namespace farebench {

/// W stackful fibers over one event loop, in the calling thread: the very scrape function that `sequential`
/// and `thread_pool` run, suspended at each exchange.
class fibers final : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override;
};

}  // namespace farebench
