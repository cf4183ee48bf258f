#pragma once

#include "farebench/strategy.hpp"

namespace farebench {

/// One query after another on one blocking connection, in the calling thread. `workers` is ignored:
/// there is one, which never exceeds what was asked for.
class sequential final : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override;
};

}  // namespace farebench
