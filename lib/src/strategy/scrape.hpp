#pragma once

#include <functional>
#include <optional>
#include <string>

#include "farebench/fare_scanner.hpp"
#include "farebench/outcome.hpp"
#include "farebench/query.hpp"
#include "http/http_client.hpp"

namespace farebench {

// One day's scrape: a fresh session, the start page for its cookie, the search form for the fares.
// First as steps, which callbacks string together; then as the plain function that they make up.

/// The first exchange; its answer must set the session cookie.
exchange_request start_page_request(const std::string& base_url);
/// Why the scrape ends after the start page, or nothing when it goes on.
std::optional<fetch_error> start_page_fault(const exchange_result& answer, const http_client& client);

/// The second exchange, whose body goes to `scanner` (which must outlive it); `invalid_query` when the form
/// cannot hold it.
std::expected<exchange_request, fetch_error> search_request(const std::string& base_url, const query& asked,
                                                            fare_scanner& scanner);
/// The fares that `scanner` read, or why there are none. Leaves the scanner as new either way.
outcome read_search_answer(const exchange_result& answer, fare_scanner& scanner);

/// How a blocking-style scrape makes one exchange: by blocking its thread, or by suspending its fiber.
using exchange_function = std::function<exchange_result(http_client&, exchange_request)>;

/// The whole scrape in blocking style.
outcome scrape(const std::string& base_url, const query& asked, http_client& client, fare_scanner& scanner,
               const exchange_function& exchange);

}  // namespace farebench
