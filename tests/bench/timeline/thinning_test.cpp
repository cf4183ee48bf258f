#include "bench/timeline/memory_curve.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "tests/bench/timeline/made_up_curve.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr std::size_t most = 400;

/// A curve of that many samples, thinned to the most.
class thinned_curve : public testing::TestWithParam<std::size_t> {
 protected:
  thinned_curve() { thin(points, width, most); }

  std::vector<curve_point> samples = made_up_samples(GetParam(), static_cast<std::uint32_t>(GetParam()));
  std::vector<curve_point> points = samples;
  std::chrono::nanoseconds width = 2ms;
};

TEST_P(thinned_curve, has_no_more_points_than_it_may) { EXPECT_LE(points.size(), most); }

TEST_P(thinned_curve, is_made_of_samples_in_their_order) {
  auto from = samples.begin();
  for (const auto& point : points) {
    from = std::find(from, samples.end(), point);
    ASSERT_NE(from, samples.end());
    ++from;
  }
}

TEST_P(thinned_curve, keeps_every_buckets_peak_and_trough) {
  const auto extremes = [this](const std::vector<curve_point>& of) {
    std::map<std::int64_t, std::pair<std::uint64_t, std::uint64_t>> found;
    for (const auto& [at, resident] : of) {
      const auto [bucket, is_new] = found.try_emplace((at - samples.front().at) / width, resident, resident);
      bucket->second.first = std::min(bucket->second.first, resident);
      bucket->second.second = std::max(bucket->second.second, resident);
    }
    return found;
  };
  EXPECT_EQ(extremes(points), extremes(samples));
}

TEST_P(thinned_curve, keeps_the_highest_the_first_and_the_last) {
  ASSERT_EQ(points.empty(), samples.empty());
  if (samples.empty()) return;
  EXPECT_EQ(std::ranges::max(points, {}, &curve_point::resident_bytes).resident_bytes,
            std::ranges::max(samples, {}, &curve_point::resident_bytes).resident_bytes);
  EXPECT_EQ(points.front(), samples.front());
  EXPECT_EQ(points.back(), samples.back());
}

TEST_P(thinned_curve, loses_nothing_without_need) {
  if (samples.size() <= most) {
    EXPECT_EQ(points, samples);
  } else if (width > 2ms) {
    EXPECT_GT(extremes_of_buckets(samples, width / 2).size(), most) << "half the width would not have done";
  }
}

TEST_P(thinned_curve, is_the_same_thinned_step_by_step) {
  for (auto half = 2ms; half < 64ms; half *= 2) {
    EXPECT_EQ(extremes_of_buckets(extremes_of_buckets(samples, half), 2 * half),
              extremes_of_buckets(samples, 2 * half))
        << half.count();
  }
}

INSTANTIATE_TEST_SUITE_P(samples, thinned_curve,
                         testing::Values(0, 1, 2, 3, 399, 400, 401, 402, 799, 1000, 2500, 7777, 30'000),
                         testing::PrintToStringParamName());

TEST(extremes_of_buckets, keeps_the_earliest_of_equals) {
  const auto at = [](int ms, std::uint64_t resident) { return curve_point{moment(ms * 1ms), resident}; };
  EXPECT_THAT(extremes_of_buckets({at(0, 5), at(1, 9), at(2, 9), at(3, 1), at(4, 1)}, 10ms),
              ElementsAre(at(0, 5), at(1, 9), at(3, 1), at(4, 1)))
      << "the first, the peak, the trough, the last";
  EXPECT_THAT(extremes_of_buckets({at(0, 5), at(1, 5), at(2, 5), at(10, 5), at(11, 5)}, 10ms),
              ElementsAre(at(0, 5), at(10, 5), at(11, 5)))
      << "a plateau needs one a bucket";
}

}  // namespace
}  // namespace farebench
