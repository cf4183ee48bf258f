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

/// How long responses take: always the same, uniformly between two bounds, or log-normally, given by median
/// and 99th percentile. Draws are our own, by inverse distribution function, so that the same seed gives
/// the same delays in every run and engine. A value; any thread.
class latency_model {
 public:
  enum class shape : std::uint8_t { fixed, uniform, lognormal };
  /// No draw is longer, however far out in a log-normal's tail; nor is any parameter.
  static constexpr std::chrono::nanoseconds max_delay = std::chrono::hours{1};

  /// Always `delay` (implicit, so that a plain duration serves as a model).
  template <typename Rep, typename Period>
  latency_model(std::chrono::duration<Rep, Period> delay)  // NOLINT(google-explicit-constructor)
      : latency_model(shape::fixed, delay, delay) {}
  /// 0 ≤ least ≤ most.
  static latency_model uniform(std::chrono::nanoseconds least, std::chrono::nanoseconds most);
  /// 0 < median < p99. ln(delay) is normal, its mean ln(median), its σ = ln(p99 / median) / 2.3263, the
  /// normal distribution's 99th percentile.
  static latency_model lognormal(std::chrono::nanoseconds median, std::chrono::nanoseconds p99);

  shape kind() const { return shape_; }
  bool is_fixed() const { return shape_ == shape::fixed; }
  /// fixed: the delay; uniform: the least; lognormal: the median.
  std::chrono::nanoseconds first() const { return first_; }
  /// fixed: the delay; uniform: the most; lognormal: the 99th percentile.
  std::chrono::nanoseconds second() const { return second_; }

  /// The delay that a share of all draws does not pass, 0 < share < 1: the inverse distribution function.
  std::chrono::nanoseconds quantile(double share) const;
  /// The next delay: one number of the stream, or none when it is fixed.
  std::chrono::nanoseconds draw(random_stream& random) const;
  /// Of all draws, `max_delay` as the bound included.
  std::chrono::nanoseconds mean() const;

  bool operator==(const latency_model&) const = default;

 private:
  latency_model(shape kind, std::chrono::nanoseconds first, std::chrono::nanoseconds second);

  shape shape_;
  std::chrono::nanoseconds first_;
  std::chrono::nanoseconds second_;
};

/// "20ms" (always), "uniform:10ms-30ms" (least and most), "lognormal:20ms,p99=80ms" (median and 99th
/// percentile), each duration as lib/cli/duration_text.hpp has it. The error is one line that says what is
/// wrong and shows the form.
std::expected<latency_model, std::string> parse_latency(std::string_view text);

/// The shortest such text, to a microsecond: parse_latency(format_latency(m)) == m for what was parsed.
std::string format_latency(const latency_model& model);

/// The seed of whoever names none.
inline constexpr std::uint64_t default_latency_seed = 0;

/// The delays of a scrape's two exchanges: pure functions of model, seed and what is asked, so that every
/// strategy meets the same ones and a run can be repeated exactly.
///
/// Step 1, GET /m/, does not say which date it is for. So its delay goes by the ordinal of the session that
/// it is answered with, from 0 in a server's life: each scrape starts one session, so N scrapes meet the
/// first N draws, whichever day meets which.
std::chrono::nanoseconds start_latency(const latency_model& model, std::uint64_t seed,
                                       std::uint64_t session_ordinal);
/// Step 2, the search, goes by (from, to, date).
std::chrono::nanoseconds search_latency(const latency_model& model, std::uint64_t seed, const query& asked);

/// What a fresh server makes a batch wait.
struct scrape_latencies {
  std::vector<std::chrono::nanoseconds> starts;    ///< step 1, by session ordinal
  std::vector<std::chrono::nanoseconds> searches;  ///< step 2, by day

  /// Of all exchanges: with W workers no client ends before sum() / W.
  std::chrono::nanoseconds sum() const;
  /// 0 for no scrapes.
  std::chrono::nanoseconds max_exchange() const;
  /// No client ends before its longest scrape, and that takes at least this long: of all ways to pair
  /// starts with searches, longest with shortest has the shortest longest pair. 0 for no scrapes.
  std::chrono::nanoseconds max_scrape() const;
};

/// Of a batch that asks each of these once, of a server that was asked nothing before.
scrape_latencies latencies_of(const latency_model& model, std::uint64_t seed, std::span<const query> asked);

/// max(sum / W, longest scrape): what no client can beat, whatever the latency. For a fixed one bench's
/// ideal_wall is tighter where W does not divide N. `workers` ≥ 1.
std::chrono::nanoseconds min_wall(const scrape_latencies& latencies, std::size_t workers);

}  // namespace farebench
