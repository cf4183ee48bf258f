#pragma once

#include <cstddef>
#include <expected>
#include <stop_token>
#include <string>

#include "farebench/exchange.hpp"
#include "farebench/fare.hpp"
#include "farebench/fare_scanner.hpp"
#include "farebench/site_protocol.hpp"
#include "http/http_client.hpp"
#include "strategies/batch_run.hpp"

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
    http_.cancel_on(stop);
  }

  exchange_result exchange(exchange_request request) override { return http_.perform(std::move(request)); }

 private:
  shared_http shared_;
  http_client http_;
};

// One attempt at a day's scrape: a fresh session, the start page for its cookie, the search form for the
// fares. First as steps, which callbacks string together; then as the plain function that they make up. It
// begins with batch_run::begin, which gives the form, and ends with batch_run::settle.

/// The first exchange, without cookies: a fresh session.
exchange_request start_page_request(const batch_run& run, const scrape_attempt& attempt,
                                    const std::string& form);
/// The session that the start page of the site at `base_url` began, as a Cookie header holds it, or why the
/// scrape ends here.
std::expected<std::string, fetch_error> read_start_page_answer(const std::string& base_url,
                                                               exchange_result&& answer);

/// The second exchange, whose body goes to `scanner` (which must outlive it). `form`: see search_form_body.
exchange_request search_request(const batch_run& run, const scrape_attempt& attempt, std::string form,
                                std::string session, fare_scanner& scanner);
/// The fares that `scanner` read, or why there are none. Leaves the scanner as new either way.
outcome read_search_answer(exchange_result&& answer, fare_scanner& scanner);

/// The whole attempt in blocking style. What throws for want of memory is its outcome (outcome_of_exception).
outcome scrape(batch_run& run, scrape_attempt& attempt, blocking_client& client, fare_scanner& scanner);

}  // namespace farebench
