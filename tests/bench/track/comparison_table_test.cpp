#include "bench/track/comparison_output.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "bench/track/error.hpp"

namespace farebench::track {
namespace {

using testing::HasSubstr;
using testing::Not;

comparison made_up_comparison() {
  comparison made;
  made.base = {
      .name = "main", .commit = std::string(40, 'a'), .dirty = false, .program_sha256 = std::string(64, '1')};
  made.head = {
      .name = "HEAD", .commit = std::string(40, 'b'), .dirty = true, .program_sha256 = std::string(64, '2')};
  made.machine = "some-cpu";
  made.findings = {{.series = "fetch/one",
                    .metric = "real_time",
                    .what = verdict::regression,
                    .base = side_summary{50, 0.01},
                    .head = side_summary{57.5, 0.02},
                    .change = 0.15,
                    .low = 0.141,
                    .high = 0.16,
                    .confidence = 0.99,
                    .floor = 0.02,
                    .why = "beyond the floor of 2.0 %"},
                   {.series = "fetch/one",
                    .metric = "heap_peak_bytes",
                    .what = verdict::same,
                    .base = side_summary{2097152, 0},
                    .head = side_summary{2097152, 0},
                    .change = 0,
                    .why = "exactly"},
                   {.series = "fetch/two|three",
                    .metric = "cpu_us_per_request",
                    .what = verdict::cannot_tell,
                    .base = side_summary{60, 0.3},
                    .head = side_summary{62, 0.3},
                    .change = 0.03,
                    .smallest_seen = 0.4,
                    .why = "less than 40.0 % could not be seen"}};
  made.base_only = {"fetch/gone"};
  made.notes = {"something"};
  return made;
}

TEST(comparison_table, has_a_line_a_metric_under_its_series) {
  EXPECT_EQ(comparison_table(made_up_comparison()),
            R"(base  main  aaaaaaaaaaaa, program 111111111111
head  HEAD  bbbbbbbbbbbb and changes, program 222222222222
on    some-cpu

metric                     base              head                  change  verdict      why
fetch/one
  time          50.0 ms ± 1.0 %   57.5 ms ± 2.0 %  +15.0 % [+14.1, +16.0]  regression   beyond the floor of 2.0 %
  heap peak    2.00 MiB ± 0.0 %  2.00 MiB ± 0.0 %                   0.0 %  same         exactly
fetch/two|three
  CPU/request  60.0 µs ± 30.0 %  62.0 µs ± 30.0 %                  +3.0 %  cannot tell  less than 40.0 % could not be seen
only in base: fetch/gone
note: something
1 regression, 0 improvements, 1 the same, 1 cannot be told
)");
}

TEST(comparison_table, shows_an_accepted_regression_as_such_and_does_not_count_it_as_worse) {
  auto made = made_up_comparison();
  EXPECT_EQ(exit_code_of(made, false), exit_worse);
  made.findings[0].accepted = "worth it";
  EXPECT_THAT(comparison_table(made), HasSubstr("regression (accepted)"));
  EXPECT_THAT(comparison_table(made), HasSubstr("; accepted: worth it"));
  EXPECT_THAT(comparison_table(made), HasSubstr("1 regression (1 accepted)"));
  EXPECT_EQ(exit_code_of(made, false), exit_nothing_worse);
  EXPECT_EQ(exit_code_of(made, true), exit_incomparable);
}

TEST(comparison_json, holds_what_the_table_shows) {
  const auto json = nlohmann::json::parse(comparison_json(made_up_comparison()));
  EXPECT_EQ(json["base"]["commit"], std::string(40, 'a'));
  EXPECT_EQ(json["regressions"], 1);
  EXPECT_EQ(json["cannot_tell"], 1);
  EXPECT_EQ(json["same_program"], false);
  ASSERT_EQ(json["findings"].size(), 3u);
  EXPECT_EQ(json["findings"][0]["verdict"], "regression");
  EXPECT_EQ(json["findings"][0]["change_low"], 0.141);
  EXPECT_FALSE(json["findings"][1].contains("change_low"));
  EXPECT_EQ(json["findings"][2]["smallest_seen"], 0.4);
  EXPECT_EQ(json["base_only"][0], "fetch/gone");
}

TEST(comparison_markdown, shows_what_changed_and_counts_the_rest) {
  const auto text = comparison_markdown(made_up_comparison());
  EXPECT_THAT(text, testing::StartsWith("### Something got worse\n"));
  EXPECT_THAT(text, HasSubstr("| `fetch/one` | time | 50.0 ms ± 1.0 % |"));
  EXPECT_THAT(text, HasSubstr("**regression**"));
  EXPECT_THAT(text, Not(HasSubstr("heap peak")));
  EXPECT_THAT(text, HasSubstr("fetch/two\\|three"));
  EXPECT_THAT(text, HasSubstr("1 the same"));
  EXPECT_THAT(text, HasSubstr("only in base: `fetch/gone`"));
}

}  // namespace
}  // namespace farebench::track
