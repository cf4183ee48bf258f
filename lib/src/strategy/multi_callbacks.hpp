#pragma once

#include "farebench/event_loop.hpp"
#include "farebench/strategy.hpp"

namespace farebench {

/// Callbacks: W hand-written state machines over one event loop, in the calling thread. Two strategies, which
/// differ in how the loop waits and in nothing else: `multi_socket` and `multi_poll`.
class multi_callbacks final : public strategy {
 public:
  explicit multi_callbacks(event_loop::waiting how) : waiting_{how} {}

  void run(const batch& work, const outcome_sink& sink) override;

 private:
  event_loop::waiting waiting_;
};

}  // namespace farebench
