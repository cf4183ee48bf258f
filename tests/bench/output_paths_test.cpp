#include "bench/flags.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace farebench {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Optional;

bench_flags with_output(std::string out) {
  bench_flags flags;
  flags.out = std::move(out);
  return flags;
}

fs::path timeline_of(const std::string& out) {
  return output_paths_of(with_output(out), "/programs").timeline.value_or("");
}

std::string complaint(const bench_flags& flags) {
  try {
    output_paths_of(flags, "/programs");
  } catch (const flag_error& fault) {
    return fault.what();
  }
  return "";
}

TEST(output_paths, are_beside_the_output) {
  const auto paths = output_paths_of(with_output("/no/such/run.json"), "/programs");
  EXPECT_THAT(paths.journal, Optional(fs::path{"/no/such/run.json.journal"}));
  EXPECT_THAT(paths.timeline, Optional(fs::path{"/no/such/run.timeline.json"}));
  EXPECT_EQ(timeline_of("run.csv"), "run.timeline.json");
  EXPECT_EQ(timeline_of("run"), "run.timeline.json");
  EXPECT_EQ(timeline_of("run.1"), "run.1.timeline.json") << "run.2 has another";
}

TEST(output_paths, without_an_output_are_a_journal_beside_the_programs) {
  const auto paths = output_paths_of({}, "/programs");
  EXPECT_THAT(paths.journal, Optional(fs::path{"/programs/bench.journal"}));
  EXPECT_EQ(paths.timeline, std::nullopt);
  for (const char* device : {"/dev/null", "/dev/stdout"}) EXPECT_EQ(timeline_of(device), "") << device;
}

TEST(output_paths, are_those_that_were_asked_for) {
  auto flags = with_output("run.json");
  flags.journal = "rows";
  flags.timeline = "curves";
  const auto paths = output_paths_of(flags, "/programs");
  EXPECT_THAT(paths.journal, Optional(fs::path{"rows"}));
  EXPECT_THAT(paths.timeline, Optional(fs::path{"curves"}));
}

TEST(output_paths, of_a_smoke_run_are_no_journal_unless_asked_for) {
  auto flags = with_output("run.json");
  flags.smoke = true;
  EXPECT_EQ(output_paths_of(flags, "/programs").journal, std::nullopt);
  EXPECT_THAT(output_paths_of(flags, "/programs").timeline, Optional(fs::path{"run.timeline.json"}));
  flags.journal = "rows";
  EXPECT_THAT(output_paths_of(flags, "/programs").journal, Optional(fs::path{"rows"}));
}

TEST(output_paths, are_never_one_file) {
  auto flags = with_output("run.json");
  flags.timeline = "./run.json";
  EXPECT_THAT(complaint(flags), HasSubstr("the result is written there"));
  flags.timeline.clear();
  flags.journal = fs::absolute("run.timeline.json");
  EXPECT_THAT(complaint(flags), HasSubstr("the journal is written there"));
  flags.journal = flags.timeline = "/dev/null";
  EXPECT_EQ(complaint(flags), "") << "which takes everything";
}

}  // namespace
}  // namespace farebench
