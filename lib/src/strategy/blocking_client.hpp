#pragma once

#include <cstddef>
#include <stop_token>

#include "farebench/exchange.hpp"
#include "http/http_client.hpp"

namespace farebench {

/// HTTP as blocking-style code sees it: a call that returns with the result. How it waits is the
/// implementation's: it blocks its thread, or suspends its fiber.
class blocking_client {
 public:
  virtual ~blocking_client() = default;

  virtual exchange_result exchange(exchange_request request) = 0;
};

/// Blocks the calling thread. An exchange under way when a stop is requested is `cancelled` within about a
/// second.
class thread_client final : public blocking_client {
 public:
  /// `threads`: how many have such a client.
  thread_client(const fetch_limits& limits, const std::stop_token& stop, std::size_t threads)
      : shared_{1, threads}, http_{limits, shared_} {
    http_.end_on(stop);
  }

  exchange_result exchange(exchange_request request) override { return http_.perform(std::move(request)); }

 private:
  shared_http shared_;
  http_client http_;
};

}  // namespace farebench
