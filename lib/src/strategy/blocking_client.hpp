#pragma once

#include <stop_token>
#include <string_view>

#include "farebench/exchange.hpp"
#include "http/http_client.hpp"

namespace farebench {

/// HTTP as blocking-style code sees it: a call that returns with the result. How it waits is the
/// implementation's: it blocks its thread, or suspends its fiber.
class blocking_client {
 public:
  virtual ~blocking_client() = default;

  /// Forgets every cookie; the connection stays.
  virtual void start_session() = 0;
  virtual bool has_cookie(std::string_view name) const = 0;
  virtual exchange_result exchange(exchange_request request) = 0;
};

/// Blocks the calling thread. An exchange under way when a stop is requested is `cancelled` within about a
/// second.
class thread_client final : public blocking_client {
 public:
  thread_client(const fetch_limits& limits, const std::stop_token& stop) : http_{limits} {
    http_.end_on(stop);
  }

  void start_session() override { http_.start_session(); }
  bool has_cookie(std::string_view name) const override { return http_.has_cookie(name); }
  exchange_result exchange(exchange_request request) override { return http_.perform(std::move(request)); }

 private:
  http_client http_;
};

}  // namespace farebench
