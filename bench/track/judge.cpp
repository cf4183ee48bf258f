#include "bench/track/judge.hpp"

#include <fmt/format.h>
#include <boost/math/distributions/binomial.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

#include "bench/output/statistics.hpp"
#include "bench/track/error.hpp"
#include "bench/track/strict_json.hpp"

namespace farebench::track {
namespace {

using enum metric::kind_of;

constexpr std::array<metric, 5> all{{
    {.name = "real_time", .label = "time", .kind = noisy, .least_floor = 0.02},
    {.name = "cpu_us_per_request", .label = "CPU/request", .kind = noisy, .least_floor = 0.05},
    {.name = "rss_growth_bytes", .label = "RSS growth", .kind = noisy, .least_floor = 0.03},
    {.name = "heap_peak_bytes", .label = "heap peak", .kind = exact, .share = 0.01, .absolute = 64},
    // Counts have no bytes: half an allocation a request, so that one more in each request shows however many
    // there are, and the few that come and go with the order of events (0.2 a request at most) do not.
    {.name = "allocations_per_request", .label = "allocations/request", .kind = exact, .absolute = 0.5},
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
  constexpr double kib = 1024;
  return value < kib * kib ? fmt::format("{:.1f} KiB", value / kib)
                           : fmt::format("{:.2f} MiB", value / kib / kib);
}

namespace {

using boost::math::policies::discrete_quantile;
using boost::math::policies::integer_round_up;
/// Its quantile is the least number of heads that is reached with at least a probability.
using coin_tosses =
    boost::math::binomial_distribution<double,
                                       boost::math::policies::policy<discrete_quantile<integer_round_up>>>;

}  // namespace

std::optional<rank_interval> median_ranks(std::size_t count, double confidence) {
  if (count == 0) return std::nullopt;
  const coin_tosses heads{static_cast<double>(count), 0.5};
  // The median is below the k-th smallest value with the probability of fewer than k heads; both ends may be
  // missed, each with half of what confidence leaves.
  const double tail = (1 - confidence) / 2;
  const double least = quantile(heads, tail);
  // Where the tail is a step of the distribution, that step may be left out too; a rounding above it counts.
  const double spared = cdf(heads, least) <= tail * (1 + 1e-9) ? least + 1 : least;
  if (spared < 1) return std::nullopt;
  const auto low = static_cast<std::size_t>(spared);
  return rank_interval{
      .low = low, .high = count + 1 - low, .confidence = 1 - 2 * cdf(heads, static_cast<double>(low - 1))};
}

std::size_t fewest_for(double confidence, std::size_t spared) {
  std::size_t count = 1;
  for (;; ++count)
    if (const auto ranks = median_ranks(count, confidence); ranks && ranks->low > spared) return count;
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

namespace {

constexpr double confidence_of_sides = 0.95;

double range_of(const std::vector<double>& values) {
  const auto [least, most] = std::ranges::minmax(values);
  return most - least;
}

side_summary summary_of(const std::vector<double>& values) {
  const double middle = *median(values);
  const auto interval = interval_of_median(values, confidence_of_sides);
  const double half = interval ? interval->half_width() : range_of(values) / 2;
  return {.median = middle, .spread = middle > 0 ? half / middle : 0};
}

finding finding_of(const std::string& series, const metric& of, const metric_samples& samples) {
  finding made{.series = series, .metric = of.name, .why = {}};
  made.base = summary_of(samples.base);
  made.head = summary_of(samples.head);
  return made;
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

}  // namespace

std::string_view to_string(verdict what) {
  switch (what) {
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
  finding made = finding_of(series, of, samples);
  const double base = made.base->median;
  const double difference = made.head->median - base;
  const double limit = std::max(of.share * std::abs(base), of.absolute);
  const double varied = std::max(range_of(samples.base), range_of(samples.head));
  if (base > 0) {
    made.change = difference / base;
    made.floor = limit / base;
  }
  if (std::abs(difference) > std::max(limit, varied)) {
    made.what = difference > 0 ? verdict::regression : verdict::improvement;
    made.why = fmt::format("{} {} counted", figure_text(of, std::abs(difference)),
                           difference > 0 ? "more" : "fewer");
  } else if (varied <= limit) {
    made.what = verdict::same;
    made.why = varied == 0 && difference == 0 ? "exactly" : fmt::format("within {}", figure_text(of, limit));
  } else {
    made.what = verdict::cannot_tell;
    if (base > 0) made.smallest_seen = varied / base;
    made.why = fmt::format("varied by {} from run to run", figure_text(of, varied));
  }
  return made;
}

finding judge_noisy(const std::string& series, const metric& of, const metric_samples& samples, double floor,
                    double confidence) {
  finding made = finding_of(series, of, samples);
  made.floor = floor;
  std::vector<double> ratios(samples.base.size());
  std::ranges::transform(samples.head, samples.base, ratios.begin(),
                         [](double head, double base) { return std::log(head / base); });
  made.change = std::expm1(*median(ratios));
  const auto interval = interval_of_median(ratios, confidence);
  if (!interval) {
    made.what = verdict::cannot_tell;
    made.why = fmt::format("{} pairs, at least {} are needed", ratios.size(), fewest_for(confidence, 0));
    return made;
  }
  made.low = std::expm1(interval->low);
  made.high = std::expm1(interval->high);
  made.confidence = interval->confidence;
  const double limit = std::log1p(floor);
  if (interval->low > limit || interval->high < -limit) {
    made.what = interval->low > limit ? verdict::regression : verdict::improvement;
    made.why = fmt::format("beyond the floor of {}", percent(floor));
  } else if (-limit <= interval->low && interval->high <= limit) {
    made.what = verdict::same;
    made.why = fmt::format("inside the floor of {}", percent(floor));
  } else {
    made.what = verdict::cannot_tell;
    // A change of that size moves an interval of this width out of the floor.
    made.smallest_seen = std::expm1(limit + interval->half_width());
    made.why = fmt::format("less than {} could not be seen", percent(*made.smallest_seen));
  }
  return made;
}

bool is_flagged(const finding& one) {
  return one.what == verdict::regression || one.what == verdict::improvement;
}

namespace {

using nlohmann::ordered_json;

constexpr std::string_view noise_format = "farebench-noise 1";
constexpr double share_within = 0.9;

double logarithm_of_ratio(double above, double below) { return std::log(above / below); }

}  // namespace

void noise::add(const std::string& series, std::string_view metric, double shift) {
  if (!std::isfinite(shift)) return;
  auto& kept = shifts_[{series, std::string{metric}}];
  kept.push_back(std::abs(shift));
  if (kept.size() > most_kept) kept.erase(kept.begin());
}

double noise::floor(const std::string& series, const metric& of) const {
  const auto found = shifts_.find({series, std::string{of.name}});
  if (found == shifts_.end()) return of.least_floor;
  auto sorted = found->second;
  std::ranges::sort(sorted);
  const auto rank = static_cast<std::size_t>(std::ceil(share_within * static_cast<double>(sorted.size())));
  return std::max(of.least_floor, std::expm1(sorted[rank - 1]));
}

std::size_t noise::known(const std::string& series, std::string_view metric) const {
  const auto found = shifts_.find({series, std::string{metric}});
  return found == shifts_.end() ? 0 : found->second.size();
}

std::string noise::to_text() const {
  auto entries = ordered_json::array();
  for (const auto& [of, shifts] : shifts_)
    entries.push_back({{"series", of.first}, {"metric", of.second}, {"shifts", shifts}});
  return ordered_json{{"format", noise_format}, {"noise", entries}}.dump(1) + "\n";
}

noise noise::parse(std::string_view text, const std::string& source) {
  const auto whole = parse_strictly(text, source);
  if (text_member(whole, "format", source) != noise_format)
    throw track_error{fmt::format("{} is not '{}'", source, noise_format)};
  const auto entries = whole.find("noise");
  if (entries == whole.end() || !entries->is_array()) throw track_error{source + " has no list 'noise'"};
  noise known;
  for (const auto& entry : *entries) {
    const auto series = text_member(entry, "series", source);
    const auto metric = text_member(entry, "metric", source);
    const auto shifts = entry.find("shifts");
    if (shifts == entry.end() || !shifts->is_array() ||
        !std::ranges::all_of(*shifts, [](const auto& shift) { return shift.is_number(); }))
      throw track_error{fmt::format("{}: the shifts of {} are no list of numbers", source, series)};
    for (const auto& shift : *shifts) known.add(series, metric, shift.template get<double>());
  }
  return known;
}

noise noise::read(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  return parse(read_input_file(path), path.string());
}

std::optional<double> inner_shift(const metric_samples& samples) {
  constexpr std::size_t fewest_fours = 3;
  std::vector<double> ratios;
  for (std::size_t i = 0; i + 1 < samples.base.size(); i += 2) {
    ratios.push_back(logarithm_of_ratio(samples.base[i + 1], samples.base[i]));
    ratios.push_back(logarithm_of_ratio(samples.head[i + 1], samples.head[i]));
  }
  if (ratios.size() < 2 * fewest_fours) return std::nullopt;
  return median(ratios);
}

std::optional<double> shift_of(const metric_samples& samples) {
  std::vector<double> ratios(samples.base.size());
  std::ranges::transform(samples.head, samples.base, ratios.begin(), logarithm_of_ratio);
  return median(ratios);
}

std::size_t count(const comparison& of, verdict what) {
  return static_cast<std::size_t>(std::ranges::count(of.findings, what, &finding::what));
}

std::size_t count_unaccepted(const comparison& of) {
  return static_cast<std::size_t>(std::ranges::count_if(of.findings, [](const finding& one) {
    return one.what == verdict::regression && one.accepted.empty();
  }));
}

int exit_code_of(const comparison& of, bool strict) {
  if (count_unaccepted(of) > 0) return exit_worse;
  if (strict && count(of, verdict::cannot_tell) > 0) return exit_incomparable;
  return exit_nothing_worse;
}

}  // namespace farebench::track
