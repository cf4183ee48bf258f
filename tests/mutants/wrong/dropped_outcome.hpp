#pragma once

#include "tests/mutants/decorated_strategy.hpp"

namespace farebench::mutants {

/// A client that loses a query: the outcome of the third never reaches its sink.
class dropped_outcome final : public decorated_strategy {
 public:
  using decorated_strategy::decorated_strategy;

  void run(const batch& work, const outcome_sink& sink) override {
    inner().run(work, [&](std::size_t index, outcome&& result) {
      if (index != 2) sink(index, std::move(result));
    });
  }
};

}  // namespace farebench::mutants
