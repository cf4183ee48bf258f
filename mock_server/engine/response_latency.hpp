#pragma once

#include <chrono>

#include "mock_server/site/site.hpp"

namespace farebench {

/// How long after its arrival a request is to be answered. A value; any thread.
/// Fixed, so far. It is asked with the request, so that it can come to be drawn from a distribution, the
/// same for the same request in every run.
class response_latency {
 public:
  explicit response_latency(std::chrono::nanoseconds fixed) : fixed_(fixed) {}

  std::chrono::nanoseconds of(const site_request&) const { return fixed_; }

 private:
  std::chrono::nanoseconds fixed_;
};

}  // namespace farebench
