#pragma once

#include "tests/mutants/decorated_strategy.hpp"

namespace farebench::mutants {

/// A client that tells of a query twice: of the third.
class repeated_outcome final : public decorated_strategy {
 public:
  using decorated_strategy::decorated_strategy;

  void run(const batch& work, const outcome_sink& sink) override {
    inner().run(work, [&](std::size_t index, outcome&& result) {
      if (index == 2) sink(index, outcome{result});
      sink(index, std::move(result));
    });
  }
};

}  // namespace farebench::mutants
