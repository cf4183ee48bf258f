#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "farebench/strategy.hpp"
#include "mock_server/mock_server_process.hpp"
#include "tests/support/stub_server.hpp"

// Fare sites of the contract tests.
namespace farebench::test {

inline constexpr std::size_t page_kb = 3;

/// Starts a mock server process that injects no faults.
inline mock_server_process start_site(std::chrono::microseconds latency = std::chrono::milliseconds{2},
                                      std::size_t size_kb = page_kb) {
  return mock_server_process{{.latency = latency,
                              .page_kb = size_kb,
                              .executable = std::filesystem::path{FAREBENCH_BIN_DIR} / "mock_server"}};
}

// Parts of a site with one fare per day, for stubs that break one of them.

inline std::string page() { return page_with("<div class='select-line'>07:05 10:40 Relax 12 249 CZK</div>"); }

/// Fares of that page.
inline std::vector<fare> fares_of_page() {
  using namespace std::chrono_literals;
  return {{7h + 5min, 10h + 40min, "Relax", 12, 249'00, "CZK"}};
}

inline bool is_search(const std::string& request) { return request.starts_with("POST "); }

inline stub_response start_page() {
  return {.bytes = http_response(200, "Set-Cookie: JSESSIONID=abc; Path=/\r\n", "<form></form>")};
}

inline stub_response page_of_fares() { return {.bytes = http_response(200, "", page())}; }

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
