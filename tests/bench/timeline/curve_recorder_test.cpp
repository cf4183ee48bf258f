#include "bench/timeline/memory_curve.hpp"

#include <gmock/gmock.h>

#include "tests/bench/timeline/made_up_curve.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

TEST(curve_recorder, gives_what_thinning_all_samples_at_once_would) {
  for (const std::size_t count : {0u, 1u, 400u, 401u, 4095u, 4096u, 4097u, 5000u, 20'000u, 100'000u}) {
    const auto samples = made_up_samples(count, 11);
    curve_recorder recorder{2ms};
    for (const auto& sample : samples) recorder.add(sample);
    auto at_once = samples;
    std::chrono::nanoseconds width = 2ms;
    thin(at_once, width, max_curve_points);
    EXPECT_EQ(recorder.points(), at_once) << count;
    EXPECT_EQ(recorder.samples(), count);
  }
}

TEST(curve_recorder, keeps_the_one_sample_of_a_spike_among_a_hundred_thousand) {
  for (const std::size_t spike : {0u, 1u, 4096u, 50'001u, 99'999u}) {
    curve_recorder recorder{2ms};
    for (std::size_t i = 0; i < 100'000; ++i)
      recorder.add({moment(static_cast<std::int64_t>(i) * 2ms), i == spike ? 2U << 20 : 1U << 20});
    const curve_point wanted{moment(static_cast<std::int64_t>(spike) * 2ms), 2U << 20};
    EXPECT_THAT(recorder.points(), testing::Contains(wanted));
  }
}

TEST(curve_recorder, can_be_asked_at_any_time) {
  const auto samples = made_up_samples(1000, 3);
  curve_recorder recorder{2ms};
  for (const auto& sample : samples) {
    recorder.add(sample);
    ASSERT_EQ(recorder.points().back(), sample);
  }
}

}  // namespace
}  // namespace farebench
