#include "bench/track/judge.hpp"

#include <fmt/format.h>
#include <boost/math/distributions/binomial.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "bench/columns.hpp"
#include "bench/output/statistics.hpp"
#include "bench/output/text_table.hpp"
#include "bench/track/error.hpp"
#include "bench/track/strict_json.hpp"

namespace farebench::track {
namespace {

using enum metric::kind_of;

constexpr std::array<metric, 5> all{{
    {.name = "real_time", .label = "time", .kind = noisy, .min_floor = 0.02},
    {.name = "cpu_us_per_request", .label = "CPU/request", .kind = noisy, .min_floor = 0.05},
    {.name = "rss_growth_bytes", .label = "RSS growth", .kind = noisy, .min_floor = 0.03},
    {.name = "heap_peak_bytes",
     .label = "heap peak",
     .kind = exact,
     .tolerance_share = 0.01,
     .tolerance = 64},
    // Detects one more allocation per request, but not those that depend on the order of events: at most 0.2
    // per request.
    {.name = "allocations_per_request", .label = "allocations/request", .kind = exact, .tolerance = 0.5},
}};

}  // namespace

std::span<const metric> metrics() { return all; }

const metric* find_metric(std::string_view name) {
  const auto* const found = std::ranges::find(all, name, &metric::name);
  return found == all.end() ? nullptr : found;
}

std::string figure_text(const metric& of, double value) {
  if (of.name == "real_time") return fmt::format("{:.1f} ms", value);
  if (of.name == "cpu_us_per_request") return fmt::format("{:.1f} µs", value);
  if (of.name == "allocations_per_request") return fmt::format("{:.2f}", value);
  return value < mib ? fmt::format("{:.1f} KiB", value / kib) : fmt::format("{:.2f} MiB", value / mib);
}

namespace {

using boost::math::policies::discrete_quantile;
using boost::math::policies::integer_round_up;
/// Its quantile is the smallest number of heads whose cumulative probability reaches the argument.
using coin_tosses =
    boost::math::binomial_distribution<double,
                                       boost::math::policies::policy<discrete_quantile<integer_round_up>>>;

}  // namespace

std::optional<rank_interval> median_ranks(std::size_t count, double confidence) {
  if (count == 0) return std::nullopt;
  const coin_tosses heads{static_cast<double>(count), 0.5};
  // The median is below the k-th smallest value with the probability of fewer than k heads.
  const double tail = (1 - confidence) / 2;
  const double quantile_of_tail = quantile(heads, tail);
  // A cumulative probability that equals the tail, up to rounding, may be left out as well.
  const double rank =
      cdf(heads, quantile_of_tail) <= tail * (1 + 1e-9) ? quantile_of_tail + 1 : quantile_of_tail;
  if (rank < 1) return std::nullopt;
  const auto low = static_cast<std::size_t>(rank);
  return rank_interval{.low = low, .high = count + 1 - low, .confidence = 1 - 2 * cdf(heads, rank - 1)};
}

std::size_t min_values(double confidence, std::size_t outliers) {
  for (std::size_t count = 1;; ++count)
    if (const auto ranks = median_ranks(count, confidence); ranks && ranks->low > outliers) return count;
}

std::optional<median_interval> interval_of_median(std::vector<double> values, double confidence) {
  const auto ranks = median_ranks(values.size(), confidence);
  if (!ranks) return std::nullopt;
  std::ranges::sort(values);
  return median_interval{.low = values[ranks->low - 1],
                         .median = *median(values),
                         .high = values[ranks->high - 1],
                         .confidence = ranks->confidence};
}

median_interval interval_or_range(std::vector<double> values, double confidence) {
  if (const auto interval = interval_of_median(values, confidence)) return *interval;
  const auto [min, max] = std::ranges::minmax(values);
  return {.low = min, .median = *median(std::move(values)), .high = max, .confidence = 0};
}

namespace {

double range_of(const std::vector<double>& values) {
  const auto [min, max] = std::ranges::minmax(values);
  return max - min;
}

side_summary summary_of(const std::vector<double>& values) {
  const auto interval = interval_or_range(values, 0.95);
  const double middle = interval.median;
  return {.median = middle, .spread = middle > 0 ? interval.half_width() / middle : 0};
}

finding finding_of(const std::string& series, const metric& of, const metric_samples& samples) {
  return {.series = series,
          .metric = of.name,
          .base = summary_of(samples.base),
          .head = summary_of(samples.head)};
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

/// Infinite if one of them is zero.
double log_ratio(double later, double earlier) {
  return later == earlier ? 0 : std::log(later) - std::log(earlier);
}

std::vector<double> log_ratios(const metric_samples& samples) {
  std::vector<double> ratios(samples.base.size());
  std::ranges::transform(samples.head, samples.base, ratios.begin(), log_ratio);
  return ratios;
}

/// Returns nullopt for an infinite change.
std::optional<double> change_of(double log_ratio) {
  const double change = std::expm1(log_ratio);
  return std::isfinite(change) ? std::optional{change} : std::nullopt;
}

}  // namespace

std::string_view to_string(verdict value) {
  switch (value) {
    case verdict::same:
      return "same";
    case verdict::improvement:
      return "improvement";
    case verdict::regression:
      return "regression";
    case verdict::cannot_tell:
      return "cannot tell";
  }
  return {};
}

finding judge_exact(const std::string& series, const metric& of, const metric_samples& samples) {
  auto found = finding_of(series, of, samples);
  const double base = found.base->median;
  const double difference = found.head->median - base;
  const double limit = std::max(of.tolerance_share * std::abs(base), of.tolerance);
  const double range = std::max(range_of(samples.base), range_of(samples.head));
  if (base > 0) {
    found.change = difference / base;
    found.floor = limit / base;
  }
  if (std::abs(difference) > std::max(limit, range)) {
    found.verdict = difference > 0 ? verdict::regression : verdict::improvement;
    found.reason = fmt::format("{} {} counted", figure_text(of, std::abs(difference)),
                               difference > 0 ? "more" : "fewer");
  } else if (range <= limit) {
    found.verdict = verdict::same;
    found.reason =
        range == 0 && difference == 0 ? "exactly" : fmt::format("within {}", figure_text(of, limit));
  } else {
    found.verdict = verdict::cannot_tell;
    if (base > 0) found.min_detectable = range / base;
    found.reason = fmt::format("varied by {} from run to run", figure_text(of, range));
  }
  return found;
}

finding judge_noisy(const std::string& series, const metric& of, const metric_samples& samples, double floor,
                    double confidence) {
  auto found = finding_of(series, of, samples);
  found.floor = floor;
  const auto ratios = log_ratios(samples);
  found.change = change_of(*median(ratios));
  const auto interval = interval_of_median(ratios, confidence);
  if (!interval) {
    found.reason = fmt::format("{} pairs, at least {} are needed", ratios.size(), min_values(confidence, 0));
    return found;
  }
  found.low = change_of(interval->low);
  found.high = change_of(interval->high);
  found.confidence = interval->confidence;
  const double limit = std::log1p(floor);
  if (interval->low > limit || interval->high < -limit) {
    found.verdict = interval->low > limit ? verdict::regression : verdict::improvement;
    found.reason = fmt::format("beyond the floor of {}", percent(floor));
  } else if (-limit <= interval->low && interval->high <= limit) {
    found.verdict = verdict::same;
    found.reason = fmt::format("within the floor of {}", percent(floor));
  } else {
    // A change of this size moves an interval of this width beyond the floor.
    found.min_detectable = change_of(limit + interval->half_width());
    found.reason = found.min_detectable
                       ? fmt::format("not detectable below {}", percent(*found.min_detectable))
                       : "some figures are zero and some are not";
  }
  return found;
}

finding judge_failure(const std::string& series, const metric& of, failed_sides failed, std::string reason) {
  return {.series = series,
          .metric = of.name,
          .verdict = failed == failed_sides::head   ? verdict::regression
                     : failed == failed_sides::base ? verdict::improvement
                                                    : verdict::cannot_tell,
          .reason = std::move(reason)};
}

finding judge_missing(const std::string& series, const metric& of, bool is_in_base, bool is_in_head) {
  return {.series = series,
          .metric = of.name,
          .reason = is_in_base && is_in_head ? "not in all runs"
                    : is_in_base             ? "only base has this figure"
                                             : "only head has this figure"};
}

bool is_flagged(const finding& found) {
  return found.verdict == verdict::regression || found.verdict == verdict::improvement;
}

void noise::add(const std::string& series, std::string_view metric, double shift) {
  if (!std::isfinite(shift)) return;
  auto& shifts = shifts_[{series, std::string{metric}}];
  shifts.push_back(std::abs(shift));
  if (shifts.size() > max_shifts) shifts.erase(shifts.begin());
}

double noise::floor(const std::string& series, const metric& of) const {
  const auto found = shifts_.find({series, std::string{of.name}});
  if (found == shifts_.end()) return of.min_floor;
  auto sorted = found->second;
  std::ranges::sort(sorted);
  const auto rank = static_cast<std::size_t>(std::ceil(0.9 * static_cast<double>(sorted.size())));
  return std::max(of.min_floor, std::expm1(sorted[rank - 1]));
}

std::size_t noise::count(const std::string& series, std::string_view metric) const {
  const auto found = shifts_.find({series, std::string{metric}});
  return found == shifts_.end() ? 0 : found->second.size();
}

namespace {

using nlohmann::ordered_json;

constexpr std::string_view noise_format = "farebench-noise 1";

}  // namespace

std::string noise::to_json() const {
  auto entries = ordered_json::array();
  for (const auto& [key, shifts] : shifts_)
    entries.push_back({{"series", key.first}, {"metric", key.second}, {"shifts", shifts}});
  return ordered_json{{"format", noise_format}, {"noise", entries}}.dump(1) + "\n";
}

noise noise::parse(std::string_view text, const std::string& source) {
  const auto file = parse_strictly(text, source);
  if (text_member(file, "format", source) != noise_format)
    throw track_error{fmt::format("{} is not '{}'", source, noise_format)};
  const auto entries = file.find("noise");
  if (entries == file.end() || !entries->is_array()) throw track_error{source + " has no list 'noise'"};
  // The largest ratio of two figures.
  const auto is_shift = [](const ordered_json& shift) {
    return shift.is_number() && std::abs(shift.get<double>()) <= std::log(max_figure / min_figure);
  };
  noise result;
  for (const auto& entry : *entries) {
    const auto series = text_member(entry, "series", source);
    const auto metric = text_member(entry, "metric", source);
    const auto shifts = entry.find("shifts");
    if (shifts == entry.end() || !shifts->is_array() || !std::ranges::all_of(*shifts, is_shift))
      throw track_error{fmt::format("{}: 'shifts' of {} is not a list of numbers", source, series)};
    for (const auto& shift : *shifts) result.add(series, metric, shift.template get<double>());
  }
  return result;
}

noise noise::read(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  return parse(read_input_file(path), path.string());
}

std::optional<double> inner_shift(const metric_samples& samples) {
  constexpr std::size_t min_fours = 3;
  std::vector<double> ratios;
  for (std::size_t i = 0; i + 1 < samples.base.size(); i += 2) {
    ratios.push_back(log_ratio(samples.base[i + 1], samples.base[i]));
    ratios.push_back(log_ratio(samples.head[i + 1], samples.head[i]));
  }
  if (ratios.size() < 2 * min_fours) return std::nullopt;
  return median(ratios);
}

std::optional<double> shift_of(const metric_samples& samples) { return median(log_ratios(samples)); }

std::size_t count(const comparison& of, verdict value) {
  return static_cast<std::size_t>(std::ranges::count(of.findings, value, &finding::verdict));
}

std::size_t count_unaccepted(const comparison& of) {
  return static_cast<std::size_t>(std::ranges::count_if(of.findings, [](const finding& found) {
    return found.verdict == verdict::regression && found.acceptance.empty();
  }));
}

int exit_code_of(const comparison& of, bool strict) {
  if (count_unaccepted(of) > 0) return exit_worse;
  if (strict && count(of, verdict::cannot_tell) > 0) return exit_incomparable;
  return exit_nothing_worse;
}

}  // namespace farebench::track
