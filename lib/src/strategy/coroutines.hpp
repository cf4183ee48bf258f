#pragma once

#include "farebench/strategy.hpp"

namespace farebench {

/// W C++ coroutines over one event loop, in the calling thread: reads like the blocking scrape, with co_await
/// at each exchange.
class coroutines final : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override;
};

}  // namespace farebench
