#include "bench/track/gate.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "bench/track/error.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

const std::string guilty(40, 'c');

ordered_json entry() {
  return {{"series", "fetch/one"},
          {"metric", "heap_peak_bytes"},
          {"commit", guilty},
          {"reason", "buffers twice as large"}};
}

std::string complaint(const ordered_json& whole) {
  try {
    parse_accepted(whole.dump(), "accepted.json");
  } catch (const track_error& fault) {
    EXPECT_EQ(fault.exit_code(), exit_usage);
    EXPECT_THAT(fault.what(), HasSubstr("accepted.json"));
    return fault.what();
  }
  return {};
}

std::string complaint_with(const char* member, const ordered_json& value) {
  auto changed = entry();
  changed[member] = value;
  return complaint({{"accepted", {entry(), changed}}});
}

TEST(accepted, holds_series_metric_commit_and_reason) {
  const auto all = parse_accepted(ordered_json{{"accepted", {entry()}}}.dump(), "accepted.json");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].series, "fetch/one");
  EXPECT_EQ(all[0].metric, "heap_peak_bytes");
  EXPECT_EQ(all[0].commit, guilty);
  EXPECT_EQ(all[0].reason, "buffers twice as large");
  EXPECT_TRUE(parse_accepted(R"({"accepted": []})", "accepted.json").empty());
}

TEST(accepted, names_the_entry_and_what_is_wrong_with_it) {
  EXPECT_THAT(complaint_with("series", 7), HasSubstr("entry 2: 'series' is not a text"));
  EXPECT_THAT(complaint_with("series", "coroutines"),
              HasSubstr("entry 2: 'coroutines' is not the name of a row"));
  EXPECT_THAT(complaint_with("metric", "beauty"), HasSubstr("entry 2: there is no metric 'beauty'"));
  EXPECT_THAT(complaint_with("commit", "HEAD"), HasSubstr("entry 2: commit is not 40 hex digits: 'HEAD'"));
  EXPECT_THAT(complaint_with("commit", std::string(40, 'C')), HasSubstr("40 hex digits"));
  EXPECT_THAT(complaint_with("reason", ""), HasSubstr("entry 2: its reason is not one line"));
  EXPECT_THAT(complaint_with("reason", "a\nb"), HasSubstr("one line"));
  EXPECT_THAT(complaint_with("until", "later"), HasSubstr("entry 2 has 'until', which means nothing"));
  EXPECT_THAT(complaint({{"accepted", {entry(), entry()}}}),
              HasSubstr("entry 2 accepts what an earlier one does"));
  for (const char* member : {"series", "metric", "commit", "reason"}) {
    auto changed = entry();
    changed.erase(member);
    EXPECT_THAT(complaint({{"accepted", {changed}}}), HasSubstr("has no '" + std::string{member} + "'"));
  }
}

TEST(accepted, is_one_list_and_nothing_else) {
  EXPECT_THAT(complaint(ordered_json::object()), HasSubstr("is not {\"accepted\""));
  EXPECT_THAT(complaint({{"accepted", ordered_json::array()}, {"more", 1}}),
              HasSubstr("is not {\"accepted\""));
  EXPECT_THAT(complaint({{"accepted", {"x"}}}), HasSubstr("entry 1 is no JSON object"));
  EXPECT_THROW(parse_accepted(R"({"accepted": [)", "accepted.json"), track_error);
  EXPECT_TRUE(read_accepted("/no/such/accepted.json").empty());
}

comparison three_findings() {
  comparison made;
  made.findings = {
      {.series = "fetch/one", .metric = "heap_peak_bytes", .what = verdict::regression, .why = {}},
      {.series = "fetch/one", .metric = "real_time", .what = verdict::regression, .why = {}},
      {.series = "fetch/two", .metric = "heap_peak_bytes", .what = verdict::improvement, .why = {}}};
  return made;
}

TEST(accept, marks_that_metric_of_that_series_alone) {
  auto made = three_findings();
  accept(made,
         {{"fetch/one", "heap_peak_bytes", guilty, "why"}, {"fetch/two", "heap_peak_bytes", guilty, "why"}},
         {guilty});
  EXPECT_EQ(made.findings[0].accepted, "why");
  EXPECT_EQ(made.findings[1].accepted, "");
  EXPECT_EQ(made.findings[2].accepted, "") << "an improvement needs none";
  EXPECT_EQ(count_unaccepted(made), 1u);
}

TEST(accept, holds_for_the_commit_that_brought_it_and_no_other) {
  auto made = three_findings();
  accept(made, {{"fetch/one", "heap_peak_bytes", guilty, "why"}}, {std::string(40, 'd')});
  EXPECT_EQ(count_unaccepted(made), 2u);
}

}  // namespace
}  // namespace farebench::track
