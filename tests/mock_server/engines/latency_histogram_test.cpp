#include "mock_server/engines/served_site.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace farebench {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST(latency_histogram, is_zero_before_anything_was_recorded) {
  const latency_histogram none;
  EXPECT_EQ(none.count(), 0u);
  EXPECT_EQ(none.quantile(0.5), 0ns);
  EXPECT_EQ(none.max(), 0ns);
}

TEST(latency_histogram, of_one_duration_has_equal_quantiles) {
  for (const nanoseconds duration :
       {nanoseconds{0}, nanoseconds{255}, nanoseconds{256}, nanoseconds{20ms}, nanoseconds{1h}}) {
    latency_histogram histogram;
    histogram.record(duration);
    for (const double share : {0.0, 0.5, 0.99, 1.0}) EXPECT_EQ(histogram.quantile(share), duration);
    EXPECT_EQ(histogram.max(), duration);
  }
}

TEST(latency_histogram, is_exact_below_256_ns) {
  latency_histogram histogram;
  for (int ns = 0; ns < 256; ++ns) histogram.record(nanoseconds{ns});
  EXPECT_EQ(histogram.quantile(0.0), 0ns);
  EXPECT_EQ(histogram.quantile(0.5), 127ns);
  EXPECT_EQ(histogram.quantile(0.99), 253ns);
  EXPECT_EQ(histogram.quantile(1.0), 255ns);
}

TEST(latency_histogram, quantile_is_exact_or_at_most_one_percent_above) {
  std::mt19937_64 random{1};
  for (unsigned bits = 4; bits <= 43; ++bits) {
    latency_histogram histogram;
    std::vector<nanoseconds> all;
    for (int i = 0; i < 2'000; ++i) {
      all.push_back(nanoseconds{static_cast<std::int64_t>(random() >> (64 - bits))});
      histogram.record(all.back());
    }
    std::ranges::sort(all);
    EXPECT_EQ(histogram.max(), all.back());
    for (const std::size_t rank : {1u, 500u, 1'000u, 1'980u, 1'999u, 2'000u}) {
      const nanoseconds truth = all[rank - 1];
      const nanoseconds found = histogram.quantile(static_cast<double>(rank) / 2'000.0);
      EXPECT_GE(found, truth);
      EXPECT_LE(static_cast<double>(found.count()), static_cast<double>(truth.count()) * 1.008);
    }
  }
}

TEST(latency_histogram, counts_what_is_out_of_range_at_its_ends) {
  latency_histogram histogram;
  histogram.record(-5ms);
  EXPECT_EQ(histogram.quantile(1.0), 0ns);
  histogram.record(1'000h);
  histogram.record(nanoseconds::max());
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_EQ(histogram.max(), nanoseconds::max());
  EXPECT_GT(histogram.quantile(1.0), 2h);
}

}  // namespace
}  // namespace farebench
