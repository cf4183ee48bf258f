#pragma once

#include <expected>
#include <optional>
#include <string>

#include "farebench/exchange.hpp"
#include "farebench/fare.hpp"
#include "farebench/fare_scanner.hpp"
#include "strategies/batch_run.hpp"
#include "strategies/resources.hpp"

namespace farebench {

// One attempt at an item. A scrape is a GET of the start page, whose cookie begins a session, and a POST of
// the search form, whose response holds the fares. A page or an exchange is a single exchange. All strategies
// share the steps below and differ in how they wait for the responses. Compare the blocking style
// (make_attempt in scrape.cpp), coroutines.cpp and callbacks.cpp. A scrape begins with
// batch_run::begin_scrape, which returns the form, and ends with batch_run::finish_attempt. Any other attempt
// begins with begin_fetch and ends with finish_fetch.

/// Returns the first request. It has no cookies, and so begins a new session.
exchange_request start_page_request(const batch_run& run, const scrape_attempt& attempt,
                                    const std::string& form);

/// Returns the cookies of the session that the start page began, of which one must be for `search_url`, or
/// the error that ends the attempt.
std::expected<cookie_jar, fetch_error> read_session(const std::string& search_url,
                                                    exchange_result&& response);

/// Returns the second request. `form` is from search_form_body. The response's body goes to `scanner`, which
/// must outlive the exchange.
exchange_request search_request(const batch_run& run, const scrape_attempt& attempt, std::string form,
                                cookie_jar session, fare_scanner& scanner);

/// Returns the fares that `scanner` has read, or the error that ends the attempt. Resets the scanner.
outcome read_fares(exchange_result&& response, fare_scanner& scanner);

/// Begins an attempt at a page or an exchange. Returns its request, or nullopt after ending the attempt.
std::optional<exchange_request> begin_fetch(batch_run& run, scrape_attempt& attempt);

/// Ends the attempt that begin_fetch began.
void finish_fetch(batch_run& run, scrape_attempt& attempt, exchange_result&& response);

/// Makes a step of an attempt. Fails the attempt if the step throws because a resource was refused. Other
/// exceptions pass, and so do those of a step that has ended the attempt: they are the user's.
template <typename Step>
void make_step(batch_run& run, scrape_attempt& attempt, Step&& step) {
  try {
    step();
  } catch (...) {
    if (!attempt) throw;
    run.fail_attempt(attempt, resource_error());
  }
}

/// HTTP in blocking style: the call returns with the result. Implementations block their thread or suspend
/// their fiber.
class blocking_client {
 public:
  virtual ~blocking_client() = default;

  virtual exchange_result exchange(exchange_request request) = 0;
};

/// Makes the whole attempt in blocking style.
void make_attempt(batch_run& run, scrape_attempt& attempt, blocking_client& client, fare_scanner& scanner);

}  // namespace farebench
