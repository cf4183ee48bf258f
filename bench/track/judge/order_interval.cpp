#include "bench/track/judge/order_interval.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>

#include "bench/report/medians.hpp"

namespace farebench::track {
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

}  // namespace farebench::track
