#include "bench/track/judge/finding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/report/medians.hpp"
#include "bench/track/judge/order_interval.hpp"

namespace farebench::track {
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

}  // namespace farebench::track
