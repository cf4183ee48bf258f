#pragma once

#include "farebench/strategy.hpp"

namespace farebench {

/// Callbacks: W hand-written state machines over one event loop, in the calling thread.
class multi_socket final : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override;
};

}  // namespace farebench
