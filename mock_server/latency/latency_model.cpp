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
#include "lib/system/fnv1a.hpp"
#include "lib/system/quantities.hpp"
#include "mock_server/site/random_stream.hpp"

namespace farebench {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

// Computes in double: the width of long double differs between platforms.
using in_double = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
const boost::math::normal_distribution<double, in_double> normal;

double in_ns(nanoseconds duration) { return static_cast<double>(duration.count()); }

nanoseconds bounded(double ns) {
  return nanoseconds{static_cast<std::int64_t>(std::min(std::round(ns), in_ns(latency_model::max_delay)))};
}

double sigma(nanoseconds median, nanoseconds p99) {
  return std::log(in_ns(p99) / in_ns(median)) / boost::math::quantile(normal, 0.99);
}

}  // namespace

latency_model::latency_model(shape kind, nanoseconds first, nanoseconds second)
    : shape_(kind), first_(first), second_(second) {
  const bool is_lognormal = kind == shape::lognormal;
  const bool is_valid =
      is_lognormal ? nanoseconds{0} < first && first < second : nanoseconds{0} <= first && first <= second;
  if (!is_valid || second > max_delay) {
    throw std::invalid_argument(
        fmt::format("latency_model: first {} ns, second {} ns; required are {} <= 1 h", first.count(),
                    second.count(), is_lognormal ? "0 < first < second" : "0 <= first <= second"));
  }
}

latency_model latency_model::uniform(nanoseconds min, nanoseconds max) { return {shape::uniform, min, max}; }

latency_model latency_model::lognormal(nanoseconds median, nanoseconds p99) {
  return {shape::lognormal, median, p99};
}

nanoseconds latency_model::quantile(double share) const {
  switch (shape_) {
    case shape::uniform:
      return bounded(in_ns(first_) + share * in_ns(second_ - first_));
    case shape::lognormal:
      return bounded(in_ns(first_) * std::exp(sigma(first_, second_) * boost::math::quantile(normal, share)));
    case shape::fixed:
      break;
  }
  return first_;
}

nanoseconds latency_model::draw(random_stream& random) const {
  if (shape_ == shape::fixed) return first_;
  // Midpoints of 2^53 equal parts of (0, 1): never 0 or 1, where a quantile is infinite.
  constexpr double part = 0x1p-53;
  return quantile(std::min((static_cast<double>(random.next() >> 11) + 0.5) * part, 1 - part));
}

nanoseconds latency_model::mean() const {
  if (shape_ != shape::lognormal) return first_ + (second_ - first_) / 2;
  // E[min(X, c)] = m · exp(σ²/2) · Φ(z − σ) + c · (1 − Φ(z)), with z = ln(c/m) / σ.
  const double s = sigma(first_, second_);
  const double z = std::log(in_ns(max_delay) / in_ns(first_)) / s;
  return bounded(in_ns(first_) * std::exp(s * s / 2) * boost::math::cdf(normal, z - s) +
                 in_ns(max_delay) * boost::math::cdf(complement(normal, z)));
}

namespace {

constexpr std::string_view uniform_prefix = "uniform:";
constexpr std::string_view lognormal_prefix = "lognormal:";

struct duration_pair {
  microseconds first;
  microseconds second;
};

// Parses the durations before and after `separator`. `form` describes the expected text.
std::expected<duration_pair, std::string> parse_pair(std::string_view text, std::string_view separator,
                                                     std::string_view form) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return std::unexpected(fmt::format("'{}' is not {}", text, form));
  const auto first = parse_duration(text.substr(0, at));
  if (!first) return std::unexpected(first.error());
  const auto second = parse_duration(text.substr(at + separator.size()));
  if (!second) return std::unexpected(second.error());
  return duration_pair{*first, *second};
}

std::expected<latency_model, std::string> parse_uniform(std::string_view text) {
  const auto bounds = parse_pair(text, "-", "a range such as uniform:10ms-30ms");
  if (!bounds) return std::unexpected(bounds.error());
  if (bounds->first > bounds->second) {
    return std::unexpected(fmt::format("'{}' ends before it starts; write the smaller bound first", text));
  }
  return latency_model::uniform(bounds->first, bounds->second);
}

std::expected<latency_model, std::string> parse_lognormal(std::string_view text) {
  const bool has_blank = text.contains(", p99=");
  const auto parameters = parse_pair(
      text, has_blank ? ", p99=" : ",p99=", "a median and a 99th percentile such as lognormal:20ms,p99=80ms");
  if (!parameters) return std::unexpected(parameters.error());
  if (parameters->first == microseconds{0}) {
    return std::unexpected(fmt::format("'{}' has a median of zero; write one above zero", text));
  }
  if (parameters->first >= parameters->second) {
    return std::unexpected(fmt::format("'{}': the 99th percentile must be longer than the median", text));
  }
  return latency_model::lognormal(parameters->first, parameters->second);
}

}  // namespace

std::expected<latency_model, std::string> parse_latency(std::string_view text) {
  if (text.starts_with(uniform_prefix)) return parse_uniform(text.substr(uniform_prefix.size()));
  if (text.starts_with(lognormal_prefix)) return parse_lognormal(text.substr(lognormal_prefix.size()));
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    return std::unexpected(
        fmt::format("unknown distribution '{}'; write uniform:10ms-30ms or lognormal:20ms,p99=80ms",
                    text.substr(0, colon)));
  }
  const auto delay = parse_duration(text);
  if (!delay) return std::unexpected(delay.error());
  return *delay;
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

// A delay is a function of this text. A change of the text changes all recorded delays.
nanoseconds draw_for(const latency_model& model, std::string_view exchange) {
  random_stream random{fnv1a_64(exchange)};
  return model.draw(random);
}

}  // namespace

nanoseconds start_latency(const latency_model& model, std::uint64_t seed, std::uint64_t session_ordinal) {
  if (model.is_fixed()) return model.first();
  return draw_for(model, fmt::format("{}|{}|1", seed, session_ordinal));
}

nanoseconds search_latency(const latency_model& model, std::uint64_t seed, const query& search) {
  if (model.is_fixed()) return model.first();
  return draw_for(model,
                  fmt::format("{}|{}|{}|{}|2", seed, search.from, search.to, format_iso_date(search.date)));
}

nanoseconds page_latency(const latency_model& model, std::uint64_t seed, std::uint32_t number) {
  if (model.is_fixed()) return model.first();
  return draw_for(model, fmt::format("{}|page {}", seed, number));
}

namespace {

nanoseconds sum_of(const std::vector<nanoseconds>& delays) {
  return std::accumulate(delays.begin(), delays.end(), nanoseconds{0});
}

nanoseconds max_of(const std::vector<nanoseconds>& delays) {
  return delays.empty() ? nanoseconds{0} : std::ranges::max(delays);
}

nanoseconds min_wall(nanoseconds sum, nanoseconds max_item, std::size_t workers) {
  return std::max(sum / static_cast<std::int64_t>(workers), max_item);
}

}  // namespace

nanoseconds scrape_latencies::sum() const { return sum_of(starts) + sum_of(searches); }

nanoseconds scrape_latencies::max_exchange() const { return std::max(max_of(starts), max_of(searches)); }

nanoseconds scrape_latencies::max_scrape() const {
  std::vector<nanoseconds> rising = starts;
  std::vector<nanoseconds> falling = searches;
  std::ranges::sort(rising);
  std::ranges::sort(falling, std::greater{});
  nanoseconds max{0};
  for (std::size_t i = 0; i < std::min(rising.size(), falling.size()); ++i) {
    max = std::max(max, rising[i] + falling[i]);
  }
  return max;
}

scrape_latencies latencies_of(const latency_model& model, std::uint64_t seed,
                              std::span<const query> queries) {
  scrape_latencies result;
  result.starts.reserve(queries.size());
  result.searches.reserve(queries.size());
  for (std::size_t i = 0; i < queries.size(); ++i) {
    result.starts.push_back(start_latency(model, seed, i));
    result.searches.push_back(search_latency(model, seed, queries[i]));
  }
  return result;
}

nanoseconds page_latencies::sum() const { return sum_of(pages); }

nanoseconds page_latencies::max_exchange() const { return max_of(pages); }

page_latencies latencies_of_pages(const latency_model& model, std::uint64_t seed, std::uint32_t count) {
  page_latencies result;
  result.pages.reserve(count);
  for (std::uint32_t number = 0; number < count; ++number) {
    result.pages.push_back(page_latency(model, seed, number));
  }
  return result;
}

nanoseconds min_wall(const scrape_latencies& latencies, std::size_t workers) {
  return min_wall(latencies.sum(), latencies.max_scrape(), workers);
}

nanoseconds min_wall(const page_latencies& latencies, std::size_t workers) {
  return min_wall(latencies.sum(), latencies.max_exchange(), workers);
}

}  // namespace farebench
