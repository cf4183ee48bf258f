#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/fare.hpp"
#include "mock_server/site/random_stream.hpp"

namespace farebench {

/// Distribution of response delays: fixed, uniform, or log-normal by median and 99th percentile. Draws use
/// the inverse distribution function, so a seed gives the same delays in every run, engine and build.
/// A value; const functions may run on any thread.
class latency_model {
 public:
  enum class shape : std::uint8_t { fixed, uniform, lognormal };
  /// Upper bound of all parameters and draws; cuts the tail of a log-normal distribution.
  static constexpr std::chrono::nanoseconds max_delay = std::chrono::hours{1};

  // All three throw std::invalid_argument for parameters out of bounds.

  /// Fixed delay, 0 ≤ delay. Implicit, so that a plain duration serves as a model.
  template <typename Rep, typename Period>
  latency_model(std::chrono::duration<Rep, Period> delay)  // NOLINT(google-explicit-constructor)
      : latency_model(shape::fixed, delay, delay) {}
  /// 0 ≤ min ≤ max.
  static latency_model uniform(std::chrono::nanoseconds min, std::chrono::nanoseconds max);
  /// 0 < median < p99. ln(delay) is normal with mean ln(median) and σ = ln(p99 / median) / 2.3263, which is
  /// the 99th percentile of the standard normal distribution.
  static latency_model lognormal(std::chrono::nanoseconds median, std::chrono::nanoseconds p99);

  shape kind() const { return shape_; }
  bool is_fixed() const { return shape_ == shape::fixed; }
  /// fixed: the delay; uniform: the minimum; lognormal: the median.
  std::chrono::nanoseconds first() const { return first_; }
  /// fixed: the delay; uniform: the maximum; lognormal: the 99th percentile.
  std::chrono::nanoseconds second() const { return second_; }

  /// Inverse distribution function, 0 < share < 1.
  std::chrono::nanoseconds quantile(double share) const;
  /// Draws a delay with one number of the stream; with none if the delay is fixed.
  std::chrono::nanoseconds draw(random_stream& random) const;
  /// Mean of all draws, which max_delay bounds.
  std::chrono::nanoseconds mean() const;

  bool operator==(const latency_model&) const = default;

 private:
  latency_model(shape kind, std::chrono::nanoseconds first, std::chrono::nanoseconds second);

  shape shape_;
  std::chrono::nanoseconds first_;
  std::chrono::nanoseconds second_;
};

/// Parses "20ms" (fixed), "uniform:10ms-30ms" (minimum and maximum) or "lognormal:20ms,p99=80ms" (median and
/// 99th percentile). See parse_duration for durations. The error is one line that shows the expected form.
std::expected<latency_model, std::string> parse_latency(std::string_view text);

/// Returns the shortest text of a model, to a microsecond. parse_latency reads it back unchanged if the model
/// has whole microseconds.
std::string format_latency(const latency_model& model);

inline constexpr std::uint64_t default_latency_seed = 0;

/// Delays of a scrape's two exchanges: pure functions, so that every strategy and run gets the same delays.
///
/// Step 1, GET /m/, does not depend on a date. Its delay is that of the session it starts, numbered from 0
/// since the server's start. So N scrapes get the first N draws, in whatever order their days come.
std::chrono::nanoseconds start_latency(const latency_model& model, std::uint64_t seed,
                                       std::uint64_t session_ordinal);
/// Step 2, the search, depends on (from, to, date).
std::chrono::nanoseconds search_latency(const latency_model& model, std::uint64_t seed, const query& search);

/// Delay of a numbered page: a pure function, as those of a scrape.
std::chrono::nanoseconds page_latency(const latency_model& model, std::uint64_t seed, std::uint32_t number);

/// Delays of a batch of scrapes.
struct scrape_latencies {
  /// Step 1, by session ordinal.
  std::vector<std::chrono::nanoseconds> starts;
  /// Step 2, by query.
  std::vector<std::chrono::nanoseconds> searches;

  /// Sum of all exchanges. With W workers no client finishes before sum() / W.
  std::chrono::nanoseconds sum() const;
  /// 0 without scrapes.
  std::chrono::nanoseconds max_exchange() const;
  /// Lower bound of the longest scrape, for any pairing of starts and searches: pairs the longest starts with
  /// the shortest searches. 0 without scrapes.
  std::chrono::nanoseconds max_scrape() const;
};

/// Returns the delays of a batch that sends each query once to a fresh server.
scrape_latencies latencies_of(const latency_model& model, std::uint64_t seed, std::span<const query> queries);

/// Delays of a batch of numbered pages, one exchange per page.
struct page_latencies {
  /// By number.
  std::vector<std::chrono::nanoseconds> pages;

  std::chrono::nanoseconds sum() const;
  /// 0 without pages.
  std::chrono::nanoseconds max_exchange() const;
};

/// Returns the delays of the pages 0 … count − 1.
page_latencies latencies_of_pages(const latency_model& model, std::uint64_t seed, std::uint32_t count);

/// Returns max(sum / W, longest scrape or page): a lower bound of any client's wall time, for any
/// distribution. For a fixed delay, ideal_wall of the bench is tighter if W does not divide the number of
/// items. `workers` ≥ 1.
std::chrono::nanoseconds min_wall(const scrape_latencies& latencies, std::size_t workers);
std::chrono::nanoseconds min_wall(const page_latencies& latencies, std::size_t workers);

}  // namespace farebench
