#include "bench/track/gate.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "bench/track/error.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

const std::string cause(40, 'c');

ordered_json entry() {
  return {{"series", "fetch/one"},
          {"metric", "heap_peak_bytes"},
          {"commit", cause},
          {"reason", "buffers twice as large"}};
}

std::string error_of(const ordered_json& whole) {
  try {
    parse_accepted(whole.dump(), "accepted.json");
  } catch (const track_error& error) {
    EXPECT_EQ(error.exit_code(), exit_usage);
    EXPECT_THAT(error.what(), HasSubstr("accepted.json"));
    return error.what();
  }
  return {};
}

std::string entry_error_with(const char* member, const ordered_json& value) {
  auto changed = entry();
  changed[member] = value;
  return error_of({{"accepted", {entry(), changed}}});
}

TEST(accepted, entry_has_series_metric_commit_and_reason) {
  const auto all = parse_accepted(ordered_json{{"accepted", {entry()}}}.dump(), "accepted.json");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].series, "fetch/one");
  EXPECT_EQ(all[0].metric, "heap_peak_bytes");
  EXPECT_EQ(all[0].commit, cause);
  EXPECT_EQ(all[0].reason, "buffers twice as large");
  EXPECT_TRUE(parse_accepted(R"({"accepted": []})", "accepted.json").empty());
}

TEST(accepted, invalid_entry_is_named_with_the_error) {
  EXPECT_THAT(entry_error_with("series", 7), HasSubstr("entry 2: 'series' is not a text"));
  EXPECT_THAT(entry_error_with("series", "coroutines"),
              HasSubstr("entry 2: series 'coroutines' is not the name of a row"));
  EXPECT_THAT(entry_error_with("metric", "beauty"), HasSubstr("entry 2: unknown metric 'beauty'"));
  EXPECT_THAT(entry_error_with("commit", "HEAD"), HasSubstr("entry 2: commit is not 40 hex digits: 'HEAD'"));
  EXPECT_THAT(entry_error_with("commit", std::string(40, 'C')), HasSubstr("40 hex digits"));
  EXPECT_THAT(entry_error_with("reason", ""), HasSubstr("entry 2: reason is not one line"));
  EXPECT_THAT(entry_error_with("reason", "a\nb"), HasSubstr("one line"));
  EXPECT_THAT(entry_error_with("until", "later"), HasSubstr("entry 2 has an unknown member 'until'"));
  EXPECT_THAT(error_of({{"accepted", {entry(), entry()}}}), HasSubstr("entry 2 repeats an earlier entry"));
  for (const char* member : {"series", "metric", "commit", "reason"}) {
    auto changed = entry();
    changed.erase(member);
    EXPECT_THAT(error_of({{"accepted", {changed}}}), HasSubstr("has no '" + std::string{member} + "'"));
  }
}

TEST(accepted, other_members_are_refused) {
  EXPECT_THAT(error_of(ordered_json::object()), HasSubstr("is not {\"accepted\""));
  EXPECT_THAT(error_of({{"accepted", ordered_json::array()}, {"more", 1}}),
              HasSubstr("is not {\"accepted\""));
  EXPECT_THAT(error_of({{"accepted", {"x"}}}), HasSubstr("entry 1 is not a JSON object"));
  EXPECT_THROW(parse_accepted(R"({"accepted": [)", "accepted.json"), track_error);
  EXPECT_TRUE(read_accepted("/no/such/accepted.json").empty());
}

comparison three_findings() {
  comparison result;
  result.findings = {
      {.series = "fetch/one", .metric = "heap_peak_bytes", .verdict = verdict::regression, .reason = {}},
      {.series = "fetch/one", .metric = "real_time", .verdict = verdict::regression, .reason = {}},
      {.series = "fetch/two", .metric = "heap_peak_bytes", .verdict = verdict::improvement, .reason = {}}};
  return result;
}

TEST(accept, only_the_accepted_metric_is_marked) {
  auto result = three_findings();
  accept(result,
         {{"fetch/one", "heap_peak_bytes", cause, "why"}, {"fetch/two", "heap_peak_bytes", cause, "why"}},
         {cause});
  EXPECT_EQ(result.findings[0].acceptance, "why");
  EXPECT_EQ(result.findings[1].acceptance, "");
  EXPECT_EQ(result.findings[2].acceptance, "") << "improvements need no acceptance";
  EXPECT_EQ(count_unaccepted(result), 1u);
}

TEST(accept, other_commits_do_not_match) {
  auto result = three_findings();
  accept(result, {{"fetch/one", "heap_peak_bytes", cause, "why"}}, {std::string(40, 'd')});
  EXPECT_EQ(count_unaccepted(result), 2u);
}

}  // namespace
}  // namespace farebench::track
