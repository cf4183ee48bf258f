#include "bench/timeline/memory_curve.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "tests/bench/timeline/made_up_curve.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using nlohmann::json;

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

TEST_F(timeline, is_what_the_format_says) {
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

TEST_F(timeline, leaves_out_phases_that_are_not_known) {
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

TEST_F(timeline, of_a_run_that_is_killed_has_every_curve_that_was_finished) {
  timeline_file file{path(), 2ms};
  EXPECT_TRUE(json::accept(text_of(partial()) + "]}"));
  for (int i = 0; i < 3; ++i) {
    file.append("fetch/a", i, made_up_curve());
    const auto left = json::parse(text_of(partial()) + "]}");
    EXPECT_EQ(left["curves"].size(), static_cast<std::size_t>(i + 1));
  }
  EXPECT_FALSE(fs::exists(path())) << "the file itself is never half a file";
}

TEST_F(timeline, without_a_curve_is_a_file_still) {
  timeline_file{path(), 2ms}.commit();
  EXPECT_EQ(json::parse(text_of(path()))["curves"].size(), 0u);
}

TEST_F(timeline, that_cannot_be_written_throws) {
  EXPECT_THROW(timeline_file(folder_ / "no" / "such" / "folder", 2ms), std::system_error);
  timeline_file full{"/dev/full", 2ms};
  full.append("fetch/a", 0, made_up_curve());
  EXPECT_THROW(full.commit(), std::system_error);
}

}  // namespace
}  // namespace farebench
