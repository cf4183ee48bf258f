#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "farebench/strategy.hpp"
#include "tests/support/stub_server.hpp"

// A site and a receiver of results for plain exchanges.
namespace farebench::test {

/// Results of exchanges by index. A second result of an index fails the test.
class collected_exchanges {
 public:
  exchange_sink sink() {
    return [this](std::size_t index, exchange_result&& result) {
      EXPECT_TRUE(by_index_.emplace(index, std::move(result)).second) << index << " has a second result";
    };
  }
  std::size_t size() const { return by_index_.size(); }
  const exchange_result& at(std::size_t index) const { return by_index_.at(index); }

 private:
  std::map<std::size_t, exchange_result> by_index_;
};

/// Request of a numbered_site's page.
struct numbered_request {
  std::size_t index = 0;
  /// From 1.
  std::size_t attempt = 0;
  std::string_view text;
};

/// Site with a page per number, whose handler chooses the response to each attempt.
class numbered_site {
 public:
  using handler = std::function<stub_response(const numbered_request&)>;
  /// Responds with pages.
  numbered_site() : numbered_site{[](const numbered_request& request) { return page(request.index); }} {}
  explicit numbered_site(handler respond) : respond_{std::move(respond)} {}

  static std::string body(std::size_t index) {
    return fmt::format("page {} ", index) + std::string(100 + index, 'x');
  }
  static stub_response page(std::size_t index) { return {.bytes = http_response(200, "", body(index))}; }

  std::string page_url(std::size_t index) const { return fmt::format("{}/page/{}", server_.url(), index); }
  exchange_request request(std::size_t index) const { return exchange_request{page_url(index)}; }
  exchange_source source(std::size_t size) const {
    return {.size = size, .request_at = [this](std::size_t index) { return request(index); }};
  }

  /// Number of requests for one page, and for all.
  std::size_t attempts(std::size_t index) const {
    const std::lock_guard lock{mutex_};
    const auto found = attempts_.find(index);
    return found == attempts_.end() ? 0 : found->second;
  }
  std::size_t requests() const {
    const std::lock_guard lock{mutex_};
    std::size_t sum = 0;
    for (const auto& [index, attempts] : attempts_) sum += attempts;
    return sum;
  }
  std::size_t accepted_connections() { return server_.accepted_connections(); }

 private:
  stub_response record_and_respond(const std::string& text) {
    constexpr std::string_view path = " /page/";
    numbered_request request{.text = text};
    const std::size_t begin = text.find(path);
    if (begin == std::string::npos) return {.bytes = http_response(404, "", "no such page")};
    std::from_chars(text.data() + begin + path.size(), text.data() + text.size(), request.index);
    {
      const std::lock_guard lock{mutex_};
      request.attempt = ++attempts_[request.index];
    }
    return respond_(request);
  }

  handler respond_;
  mutable std::mutex mutex_;
  std::map<std::size_t, std::size_t> attempts_;
  stub_server server_{[this](const std::string& text) { return record_and_respond(text); }};
};

/// Options that retry at once, limited by max_attempts only.
inline exchange_options retrying_options(std::size_t workers) {
  exchange_options options{.workers = workers};
  options.policy.backoff_base = std::chrono::milliseconds{0};
  options.policy.retry_floor = std::numeric_limits<std::uint32_t>::max();
  return options;
}

}  // namespace farebench::test
