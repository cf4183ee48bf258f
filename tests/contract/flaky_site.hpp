#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "farebench/strategy.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {

/// Request with the contents of its X-Scrape tag (see fetch_policy::tag_requests).
struct tagged_request {
  /// ISO date.
  std::string date;
  std::size_t attempt = 0;
  bool is_search = false;
  /// Value of the Cookie header field; empty without one.
  std::string session;
};

/// Fare site whose handler chooses the response to each attempt. Records when attempts began. Needs tagged
/// requests.
class flaky_site {
 public:
  /// Returns the response of a site without faults.
  static stub_response good_response(const tagged_request& request);
  /// Fares of each day.
  static std::vector<fare> fares();

  using handler = std::function<stub_response(const tagged_request&)>;
  explicit flaky_site(handler respond) : respond_{std::move(respond)} {}

  std::string url() const { return server_.url(); }
  /// Number of attempts that began for one date, and for all dates.
  std::size_t attempts(const std::string& date) const;
  std::size_t attempts() const;
  /// Time when the site received the first request of an attempt.
  std::chrono::steady_clock::time_point begin_of(const std::string& date, std::size_t attempt) const;

 private:
  stub_response record_and_respond(const std::string& text);

  handler respond_;
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::size_t, std::chrono::steady_clock::time_point>> begun_;
  stub_server server_{[this](const std::string& text) { return record_and_respond(text); }};
};

}  // namespace farebench::test
