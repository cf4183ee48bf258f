#pragma once

#include <chrono>
#include <cstdint>

#include "mock_server/site/random_stream.hpp"

namespace farebench {

/// How long responses take: always the same, uniformly between two bounds, or log-normally, given by median
/// and 99th percentile. Draws are our own, by inverse distribution function, so that the same seed gives
/// the same delays in every run and engine. A value; any thread.
class latency_model {
 public:
  enum class shape : std::uint8_t { fixed, uniform, lognormal };
  /// No draw is longer, however far out in a log-normal's tail; nor is any parameter.
  static constexpr std::chrono::nanoseconds longest = std::chrono::hours{1};

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
  /// Of all draws, `longest` as the bound included.
  std::chrono::nanoseconds mean() const;

  bool operator==(const latency_model&) const = default;

 private:
  latency_model(shape kind, std::chrono::nanoseconds first, std::chrono::nanoseconds second);

  shape shape_;
  std::chrono::nanoseconds first_;
  std::chrono::nanoseconds second_;
};

}  // namespace farebench
