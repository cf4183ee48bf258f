#include "bench/timeline/memory_curve.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <system_error>
#include <vector>

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
namespace fs = std::filesystem;
using nlohmann::json;

/// Returns a time relative to an arbitrary start.
inline std::chrono::steady_clock::time_point moment(std::chrono::nanoseconds since) {
  return std::chrono::steady_clock::time_point{std::chrono::hours{5}} + since;
}

/// Returns samples about every 2 ms, some late, with memory that rises, falls and stays.
inline std::vector<curve_point> made_up_samples(std::size_t count, std::uint32_t seed) {
  using namespace std::chrono_literals;
  std::mt19937 random{seed};
  const auto below = [&](std::uint32_t bound) { return static_cast<std::int64_t>(random() % bound); };
  std::vector<curve_point> samples;
  std::chrono::nanoseconds at = std::chrono::microseconds{below(3000)};
  std::uint64_t resident = 12U << 20;
  for (std::size_t i = 0; i < count; ++i) {
    samples.push_back({moment(at), resident});
    at += below(20) == 0 ? below(40) * 1ms : 1500us + below(1000) * 1us;
    if (below(3) == 0) resident = (12U << 20) + static_cast<std::uint64_t>(below(1000)) * 4096;
  }
  return samples;
}

TEST(next_sample, next_time_is_first_interval_after_now) {
  const auto begin = moment(0ms);
  EXPECT_EQ(next_sample(begin, 2ms, moment(0ms)), moment(2ms));
  EXPECT_EQ(next_sample(begin, 2ms, moment(1ns)), moment(2ms));
  EXPECT_EQ(next_sample(begin, 2ms, moment(2ms - 1ns)), moment(2ms));
  EXPECT_EQ(next_sample(begin, 2ms, moment(2ms)), moment(4ms));
  EXPECT_EQ(next_sample(begin, 500us, moment(1700us)), moment(2ms));
}

TEST(next_sample, slow_sampling_causes_no_drift) {
  auto now = moment(0ms);
  for (int i = 1; i <= 1000; ++i) {
    now = next_sample(moment(0ms), 2ms, now);
    ASSERT_EQ(now, moment(i * 2ms));
    now += 700us;
  }
}

TEST(next_sample, missed_times_are_skipped) {
  EXPECT_EQ(next_sample(moment(0ms), 2ms, moment(31ms)), moment(32ms));
}

constexpr std::size_t max_points = 400;

/// Curve with that many samples, thinned.
class thinned_curve : public testing::TestWithParam<std::size_t> {
 protected:
  thinned_curve() { thin(points, width, max_points); }

  std::vector<curve_point> samples = made_up_samples(GetParam(), static_cast<std::uint32_t>(GetParam()));
  std::vector<curve_point> points = samples;
  std::chrono::nanoseconds width = 2ms;
};

TEST_P(thinned_curve, points_are_limited) { EXPECT_LE(points.size(), max_points); }

TEST_P(thinned_curve, points_are_samples_in_order) {
  auto from = samples.begin();
  for (const auto& point : points) {
    from = std::find(from, samples.end(), point);
    ASSERT_NE(from, samples.end());
    ++from;
  }
}

TEST_P(thinned_curve, buckets_keep_peak_and_trough) {
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

TEST_P(thinned_curve, highest_first_and_last_are_kept) {
  ASSERT_EQ(points.empty(), samples.empty());
  if (samples.empty()) return;
  EXPECT_EQ(std::ranges::max(points, {}, &curve_point::resident_bytes).resident_bytes,
            std::ranges::max(samples, {}, &curve_point::resident_bytes).resident_bytes);
  EXPECT_EQ(points.front(), samples.front());
  EXPECT_EQ(points.back(), samples.back());
}

TEST_P(thinned_curve, width_is_the_smallest_that_suffices) {
  if (samples.size() <= max_points) {
    EXPECT_EQ(points, samples);
  } else if (width > 2ms) {
    EXPECT_GT(extremes_of_buckets(samples, width / 2).size(), max_points)
        << "half the width would not have done";
  }
}

TEST_P(thinned_curve, thinning_in_steps_gives_the_same) {
  for (auto half = 2ms; half < 64ms; half *= 2) {
    EXPECT_EQ(extremes_of_buckets(extremes_of_buckets(samples, half), 2 * half),
              extremes_of_buckets(samples, 2 * half))
        << half.count();
  }
}

INSTANTIATE_TEST_SUITE_P(samples, thinned_curve,
                         testing::Values(0, 1, 2, 3, 399, 400, 401, 402, 799, 1000, 2500, 7777, 30'000),
                         testing::PrintToStringParamName());

TEST(extremes_of_buckets, first_of_equal_points_is_kept) {
  const auto at = [](int ms, std::uint64_t resident) { return curve_point{moment(ms * 1ms), resident}; };
  EXPECT_THAT(extremes_of_buckets({at(0, 5), at(1, 9), at(2, 9), at(3, 1), at(4, 1)}, 10ms),
              ElementsAre(at(0, 5), at(1, 9), at(3, 1), at(4, 1)))
      << "the first, the peak, the trough, the last";
  EXPECT_THAT(extremes_of_buckets({at(0, 5), at(1, 5), at(2, 5), at(10, 5), at(11, 5)}, 10ms),
              ElementsAre(at(0, 5), at(10, 5), at(11, 5)))
      << "a plateau needs one a bucket";
}

TEST(curve_recorder, points_equal_those_of_thinning_at_once) {
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

TEST(curve_recorder, single_spike_is_kept) {
  for (const std::size_t spike : {0u, 1u, 4096u, 50'001u, 99'999u}) {
    curve_recorder recorder{2ms};
    for (std::size_t i = 0; i < 100'000; ++i)
      recorder.add({moment(static_cast<std::int64_t>(i) * 2ms), i == spike ? 2U << 20 : 1U << 20});
    const curve_point expected{moment(static_cast<std::int64_t>(spike) * 2ms), 2U << 20};
    EXPECT_THAT(recorder.points(), testing::Contains(expected));
  }
}

TEST(curve_recorder, points_are_available_at_any_time) {
  const auto samples = made_up_samples(1000, 3);
  curve_recorder recorder{2ms};
  for (const auto& sample : samples) {
    recorder.add(sample);
    ASSERT_EQ(recorder.points().back(), sample);
  }
}

class timeline : public testing::Test {
 protected:
  timeline() {
    std::string pattern = fs::temp_directory_path() / "farebench-timeline-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~timeline() override { fs::remove_all(folder_); }

  fs::path path() const { return folder_ / "run.timeline.json"; }
  fs::path partial() const { return folder_ / "run.timeline.json.partial"; }
  static std::string text_of(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream{file}.rdbuf();
    return text.str();
  }

  fs::path folder_;
};

memory_curve made_up_curve() {
  return {.phases = {.ready = moment(6900us),
                     .go = moment(10ms),
                     .half_done = moment(91ms),
                     .last_outcome = moment(170'204us),
                     .exit = moment(175ms)},
          .points = {{moment(7ms), 12800 * 1024 + 1023}, {moment(12'004'999ns), 12804 * 1024}},
          .samples = 83,
          .sampler_cpu_share = 0.004};
}

TEST_F(timeline, file_has_documented_format) {
  timeline_file file{path(), 2ms};
  file.append("fetch/a", 0, made_up_curve());
  file.append("fetch/b", 3, made_up_curve());
  file.commit();
  const auto written = json::parse(text_of(path()));
  auto curve = json::parse(R"({"name": "fetch/a", "repetition": 0,
      "phases_ms": {"ready": -3.1, "go": 0, "half_done": 81.0, "last_outcome": 160.2, "exit": 165.0},
      "points": [[-3.0, 12800], [2.0, 12804]], "samples": 83, "sampler_cpu_share": 0.004})");
  ASSERT_EQ(written["curves"].size(), 2u);
  EXPECT_EQ(written["curves"][0], curve);
  curve["name"] = "fetch/b";
  curve["repetition"] = 3;
  EXPECT_EQ(written["curves"][1], curve);
  EXPECT_EQ(written["timeline"], 1);
  EXPECT_EQ(written["sample_every_ms"], 2);
  EXPECT_TRUE(written["curves"][0]["points"][0][1].is_number_integer());
}

TEST_F(timeline, unknown_phases_are_absent) {
  auto curve = made_up_curve();
  curve.phases.half_done = {};
  curve.phases.last_outcome = {};
  timeline_file file{path(), 500us};
  file.append("fetch/a", 0, curve);
  file.commit();
  const auto written = json::parse(text_of(path()));
  EXPECT_EQ(written["curves"][0]["phases_ms"], json::parse(R"({"ready": -3.1, "go": 0, "exit": 165.0})"));
  EXPECT_EQ(written["sample_every_ms"], 0.5);
}

TEST_F(timeline, killed_run_leaves_finished_curves) {
  timeline_file file{path(), 2ms};
  EXPECT_TRUE(json::accept(text_of(partial()) + "]}"));
  for (int i = 0; i < 3; ++i) {
    file.append("fetch/a", i, made_up_curve());
    const auto left = json::parse(text_of(partial()) + "]}");
    EXPECT_EQ(left["curves"].size(), static_cast<std::size_t>(i + 1));
  }
  EXPECT_FALSE(fs::exists(path())) << "the file itself is never half a file";
}

TEST_F(timeline, run_without_curves_gives_valid_file) {
  timeline_file{path(), 2ms}.commit();
  EXPECT_EQ(json::parse(text_of(path()))["curves"].size(), 0u);
}

TEST_F(timeline, unwritable_file_throws) {
  EXPECT_THROW(timeline_file(folder_ / "no" / "such" / "folder", 2ms), std::system_error);
  timeline_file full{"/dev/full", 2ms};
  full.append("fetch/a", 0, made_up_curve());
  EXPECT_THROW(full.commit(), std::system_error);
}

}  // namespace
}  // namespace farebench
