#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace farebench {

/// What a request is to the fault plan and the log: which exchange, of which day's scrape, at which attempt.
/// A value.
struct attempt_step {
  std::optional<std::chrono::year_month_day> date = {};  ///< nothing: not known, then it goes by `session`
  std::optional<std::uint64_t> session = {};  ///< of an untagged GET /m/: how many sessions were before it
  int step = 0;                               ///< 1: GET /m/; 2: the search; 0: neither
  std::uint32_t attempt = 0;                  ///< from 1; 0: not known
};

/// The value of the header `X-Scrape`, with which a client says what a request is for: "2026-03-01/2" is the
/// second attempt at that day.
struct scrape_tag {
  static constexpr std::string_view header = "X-Scrape";
  static constexpr std::uint32_t most_attempts = 1'000'000;

  std::chrono::year_month_day date;
  std::uint32_t attempt;
};

/// Nothing for what is not exactly such a text.
std::optional<scrape_tag> parse_scrape_tag(std::string_view text);

}  // namespace farebench
