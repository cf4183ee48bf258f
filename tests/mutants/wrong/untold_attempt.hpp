#pragma once

#include "tests/mutants/decorated_strategy.hpp"

namespace farebench::mutants {

/// A client that asks the site more often than it says: its observer is never told of a repeat.
class untold_attempt final : public decorated_strategy {
 public:
  using decorated_strategy::decorated_strategy;

  void run(const batch& work, const outcome_sink& sink) override {
    batch changed = work;
    changed.on_retry = {};
    inner().run(changed, sink);
  }
};

}  // namespace farebench::mutants
