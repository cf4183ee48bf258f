#include "mock_server/latency/latency_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>

#include "farebench/date.hpp"
#include "lib/system/command_line.hpp"
#include "mock_server/site/random_stream.hpp"

namespace farebench {
namespace {

using std::chrono::nanoseconds;
// In double and not long double, whose width differs from platform to platform.
using in_double = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
const boost::math::normal_distribution<double, in_double> normal;

double in_ns(nanoseconds duration) { return static_cast<double>(duration.count()); }

nanoseconds within_bounds(double ns) {
  return nanoseconds{static_cast<std::int64_t>(std::min(std::round(ns), in_ns(latency_model::max_delay)))};
}

double sigma(nanoseconds median, nanoseconds p99) {
  return std::log(in_ns(p99) / in_ns(median)) / boost::math::quantile(normal, 0.99);
}

}  // namespace

latency_model::latency_model(shape kind, nanoseconds first, nanoseconds second)
    : shape_(kind), first_(first), second_(second) {
  const nanoseconds least{kind == shape::lognormal ? 1 : 0};
  if (first < least || second < first || (kind == shape::lognormal && second == first) ||
      second > max_delay) {
    throw std::invalid_argument("latency_model: parameters out of bounds");
  }
}

latency_model latency_model::uniform(nanoseconds least, nanoseconds most) {
  return {shape::uniform, least, most};
}

latency_model latency_model::lognormal(nanoseconds median, nanoseconds p99) {
  return {shape::lognormal, median, p99};
}

nanoseconds latency_model::quantile(double share) const {
  switch (shape_) {
    case shape::uniform:
      return within_bounds(in_ns(first_) + share * in_ns(second_ - first_));
    case shape::lognormal:
      return within_bounds(in_ns(first_) *
                           std::exp(sigma(first_, second_) * boost::math::quantile(normal, share)));
    case shape::fixed:
      break;
  }
  return first_;
}

nanoseconds latency_model::draw(random_stream& random) const {
  if (shape_ == shape::fixed) return first_;
  // The middles of 2^53 equal parts of (0, 1): never 0 and never 1, where a quantile is infinite.
  constexpr double part = 0x1p-53;
  return quantile(std::min((static_cast<double>(random.next() >> 11) + 0.5) * part, 1 - part));
}

nanoseconds latency_model::mean() const {
  if (shape_ != shape::lognormal) return first_ + (second_ - first_) / 2;
  // E[min(X, c)] = m · exp(σ²/2) · Φ(z − σ) + c · (1 − Φ(z)), with z = ln(c/m) / σ.
  const double s = sigma(first_, second_);
  const double z = std::log(in_ns(max_delay) / in_ns(first_)) / s;
  return within_bounds(in_ns(first_) * std::exp(s * s / 2) * boost::math::cdf(normal, z - s) +
                       in_ns(max_delay) * boost::math::cdf(complement(normal, z)));
}

namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

constexpr std::string_view uniform_prefix = "uniform:";
constexpr std::string_view lognormal_prefix = "lognormal:";

struct two_durations {
  microseconds first;
  microseconds second;
};

// The two durations around `separator`; otherwise what is wrong.
std::expected<two_durations, std::string> parse_two(std::string_view text, std::string_view separator,
                                                    std::string_view form) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return std::unexpected(fmt::format("'{}' is not {}", text, form));
  const auto first = parse_duration(text.substr(0, at));
  if (!first) return std::unexpected(first.error());
  const auto second = parse_duration(text.substr(at + separator.size()));
  if (!second) return std::unexpected(second.error());
  return two_durations{*first, *second};
}

std::expected<latency_model, std::string> parse_uniform(std::string_view text) {
  const auto bounds = parse_two(text, "-", "a range such as uniform:10ms-30ms");
  if (!bounds) return std::unexpected(bounds.error());
  if (bounds->first > bounds->second) {
    return std::unexpected(fmt::format("'{}' ends before it starts; write the lesser bound first", text));
  }
  return latency_model::uniform(bounds->first, bounds->second);
}

std::expected<latency_model, std::string> parse_lognormal(std::string_view text) {
  const auto given =
      parse_two(text, ",p99=", "a median and a 99th percentile such as lognormal:20ms,p99=80ms");
  if (!given) return std::unexpected(given.error());
  if (given->first == microseconds{0}) return std::unexpected(fmt::format("'{}' has a median of zero", text));
  if (given->first >= given->second) {
    return std::unexpected(
        fmt::format("'{}': the 99th percentile must be longer than the median before it", text));
  }
  return latency_model::lognormal(given->first, given->second);
}

}  // namespace

std::expected<latency_model, std::string> parse_latency(std::string_view text) {
  if (text.starts_with(uniform_prefix)) return parse_uniform(text.substr(uniform_prefix.size()));
  if (text.starts_with(lognormal_prefix)) return parse_lognormal(text.substr(lognormal_prefix.size()));
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    return std::unexpected(
        fmt::format("unknown distribution '{}'; there are uniform:10ms-30ms and "
                    "lognormal:20ms,p99=80ms",
                    text.substr(0, colon)));
  }
  const auto fixed = parse_duration(text);
  if (!fixed) return std::unexpected(fixed.error());
  return *fixed;
}

std::string format_latency(const latency_model& model) {
  const auto text = [](nanoseconds duration) {
    return format_duration(std::chrono::round<microseconds>(duration));
  };
  switch (model.kind()) {
    case latency_model::shape::uniform:
      return fmt::format("uniform:{}-{}", text(model.first()), text(model.second()));
    case latency_model::shape::lognormal:
      return fmt::format("lognormal:{},p99={}", text(model.first()), text(model.second()));
    case latency_model::shape::fixed:
      break;
  }
  return text(model.first());
}

namespace {

using std::chrono::nanoseconds;

std::uint64_t also(std::uint64_t hash, std::string_view part) { return fnv1a_64(part, fnv1a_64("|", hash)); }

nanoseconds draw(const latency_model& model, std::uint64_t hash) {
  random_stream random{hash};
  return model.draw(random);
}

}  // namespace

nanoseconds start_latency(const latency_model& model, std::uint64_t seed, std::uint64_t session_ordinal) {
  if (model.is_fixed()) return model.first();
  return draw(model, also(also(fnv1a_64(std::to_string(seed)), std::to_string(session_ordinal)), "1"));
}

nanoseconds search_latency(const latency_model& model, std::uint64_t seed, const query& asked) {
  if (model.is_fixed()) return model.first();
  std::uint64_t hash = fnv1a_64(std::to_string(seed));
  hash = also(hash, asked.from);
  hash = also(hash, asked.to);
  hash = also(hash, format_iso_date(asked.date));
  return draw(model, also(hash, "2"));
}

nanoseconds scrape_latencies::sum() const {
  return std::accumulate(searches.begin(), searches.end(),
                         std::accumulate(starts.begin(), starts.end(), nanoseconds{0}));
}

nanoseconds scrape_latencies::max_exchange() const {
  nanoseconds longest{0};
  for (const auto* const step : {&starts, &searches}) {
    for (const nanoseconds one : *step) longest = std::max(longest, one);
  }
  return longest;
}

nanoseconds scrape_latencies::max_scrape() const {
  std::vector<nanoseconds> rising = starts;
  std::vector<nanoseconds> falling = searches;
  std::ranges::sort(rising);
  std::ranges::sort(falling, std::greater{});
  nanoseconds longest{0};
  for (std::size_t i = 0; i < std::min(rising.size(), falling.size()); ++i) {
    longest = std::max(longest, rising[i] + falling[i]);
  }
  return longest;
}

scrape_latencies latencies_of(const latency_model& model, std::uint64_t seed, std::span<const query> asked) {
  scrape_latencies all;
  all.starts.reserve(asked.size());
  all.searches.reserve(asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    all.starts.push_back(start_latency(model, seed, i));
    all.searches.push_back(search_latency(model, seed, asked[i]));
  }
  return all;
}

nanoseconds min_wall(const scrape_latencies& latencies, std::size_t workers) {
  return std::max(latencies.sum() / static_cast<std::int64_t>(workers), latencies.max_scrape());
}

}  // namespace farebench
