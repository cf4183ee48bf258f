#include "mock_server/latency/latency_model.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <stdexcept>

namespace farebench {
namespace {

using std::chrono::nanoseconds;
// In double and not long double, whose width differs from platform to platform.
using in_double = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
const boost::math::normal_distribution<double, in_double> normal;

double in_ns(nanoseconds duration) { return static_cast<double>(duration.count()); }

nanoseconds within_bounds(double ns) {
  return nanoseconds{static_cast<std::int64_t>(std::min(std::round(ns), in_ns(latency_model::longest)))};
}

double sigma(nanoseconds median, nanoseconds p99) {
  return std::log(in_ns(p99) / in_ns(median)) / boost::math::quantile(normal, 0.99);
}

}  // namespace

latency_model::latency_model(shape kind, nanoseconds first, nanoseconds second)
    : shape_(kind), first_(first), second_(second) {
  const nanoseconds least{kind == shape::lognormal ? 1 : 0};
  if (first < least || second < first || (kind == shape::lognormal && second == first) || second > longest) {
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
  const double z = std::log(in_ns(longest) / in_ns(first_)) / s;
  return within_bounds(in_ns(first_) * std::exp(s * s / 2) * boost::math::cdf(normal, z - s) +
                       in_ns(longest) * boost::math::cdf(complement(normal, z)));
}

}  // namespace farebench
