#include "bench/track/recordings.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "bench/track/error.hpp"
#include "tests/bench/track/made_up_run.hpp"
#include "tests/support/sampled_cases.hpp"

namespace farebench::track {
namespace {

using testing::HasSubstr;

std::string complaint_about(const std::string& text) {
  try {
    parse_recorded_run(text, "run.json");
  } catch (const track_error& error) {
    EXPECT_EQ(error.exit_code(), exit_usage);
    EXPECT_THAT(error.what(), HasSubstr("run.json"));
    return error.what();
  }
  return {};
}

/// All figures, by case and repetition.
std::map<std::string, std::vector<std::pair<std::optional<double>, std::map<std::string, double>>>>
figures_of(const recorded_run& run) {
  std::map<std::string, std::vector<std::pair<std::optional<double>, std::map<std::string, double>>>> figures;
  for (const auto& one : run.result.cases)
    for (const auto& row : one.repetitions)
      figures[one.parameters.name()].emplace_back(row.real_time_ms, row.columns);
  return figures;
}

TEST(recorded_run, is_read_as_it_was_written) {
  auto rows = made_up_rows(50, 3);
  const auto run = made_up_run(made_up_context(), rows);
  EXPECT_EQ(run.facts.commit, std::string(40, 'a'));
  EXPECT_EQ(run.facts.machine, "some-cpu-2c-24g-0123abcd");
  EXPECT_EQ(run.facts.recorded, "2026-11-24T19:15:30Z");
  EXPECT_EQ(run.canary(), 1);
  EXPECT_EQ(run.setting(),
            "workload light, engine cpp-httplib, latency 20ms, page_kb 3, days 100, first_date 2026-03-01");
  ASSERT_EQ(run.result.cases.size(), 1u);
  const auto& repetitions = run.find(made_up_series)->repetitions;
  ASSERT_EQ(repetitions.size(), 3u);
  EXPECT_EQ(repetitions[0].real_time_ms, 50);
  EXPECT_EQ(repetitions[0].columns.at("heap_peak_bytes"), 100'000);
  EXPECT_FALSE(repetitions[0].columns.contains("cpu_time")) << "that is the bench's own";
}

TEST(recorded_run, sets_failed_repetitions_apart_with_their_reason) {
  auto rows = made_up_rows(50, 3);
  rows[1]["error_occurred"] = true;
  rows[1]["error_message"] = "wrong fares";
  const auto run = made_up_run(made_up_context(), rows);
  const auto& result = *run.find(made_up_series);
  EXPECT_EQ(result.repetitions.size(), 3u);
  EXPECT_EQ(first_failure(result), "wrong fares");
  EXPECT_TRUE(values_if_passed(result, "real_time").empty()) << "no figure of a failed case counts";
}

TEST(recorded_run, cut_off_anywhere_is_an_error) {
  const auto text = recorded_text(made_up_context(), made_up_rows(50, 2));
  const std::size_t end = text.find_last_of('}');  // only the newline behind it may go
  for (std::size_t size = 1; size <= end; size += test::case_step) {
    const auto why = complaint_about(text.substr(0, size));
    EXPECT_THAT(why, HasSubstr("truncated")) << size;
  }
  EXPECT_EQ(complaint_about(text.substr(0, end + 1)), "");
}

TEST(recorded_run, with_a_changed_byte_is_an_error_or_equal) {
  const auto text = recorded_text(made_up_context(), made_up_rows(50, 2));
  const auto whole = parse_recorded_run(text, "run.json");
  int errors = 0;
  for (std::size_t at = 0; at < text.size(); at += test::case_step) {
    for (const char instead : {'0', 'x', '"', ' ', '}'}) {
      if (text[at] == instead) continue;
      auto changed = text;
      changed[at] = instead;
      try {
        const auto read = parse_recorded_run(changed, "run.json");
        EXPECT_EQ(read.context, whole.context) << at;
        EXPECT_EQ(figures_of(read), figures_of(whole)) << at;
      } catch (const track_error&) {
        ++errors;
      }
    }
  }
  EXPECT_GT(errors, 1000 / test::case_step);
}

TEST(recorded_run, changed_by_hand_is_named_as_such) {
  auto text = recorded_text(made_up_context(), made_up_rows(50, 2));
  const auto at = text.find("\"real_time\":50.0");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 16, "\"real_time\":40.0");
  EXPECT_THAT(complaint_about(text), HasSubstr("changed after it was recorded"));
}

TEST(recorded_run, laid_out_anew_is_the_same_result) {
  const auto text = recorded_text(made_up_context(), made_up_rows(50, 2));
  EXPECT_EQ(complaint_about(nlohmann::ordered_json::parse(text).dump(4)), "");
}

TEST(recorded_run, foreign_files_are_named_with_what_is_wrong_in_them) {
  EXPECT_THAT(complaint_about(""), HasSubstr("is empty"));
  EXPECT_THAT(complaint_about("hello"), HasSubstr("not JSON: invalid byte 1"));
  EXPECT_THAT(complaint_about("[1,2]"), HasSubstr("no JSON object"));
  EXPECT_THAT(complaint_about("{}"), HasSubstr("no context and benchmarks"));
  EXPECT_THAT(complaint_about(R"({"context":{"date":"x"},"benchmarks":[]})"),
              HasSubstr("not of track record"));
  EXPECT_THAT(complaint_about(R"({"context":{"a":1,"a":2},"benchmarks":[]})"), HasSubstr("'a' twice"));
}

TEST(recorded_run, encodings_other_than_utf8_are_refused) {
  const auto text = recorded_text(made_up_context(), made_up_rows(50, 2));
  EXPECT_EQ(complaint_about("\xEF\xBB\xBF" + text), "") << "a byte order mark of UTF-8";
  std::string wide;
  for (const char c : text) wide += {c, '\0'};
  for (const auto& utf16 : {wide, "\xFF\xFE" + wide, std::string{"\xFE\xFF\0{", 4}, '\0' + wide})
    EXPECT_THAT(complaint_about(utf16), HasSubstr("convert it to UTF-8"));
}

TEST(recorded_run, byte_after_the_end_is_refused) {
  const auto text = recorded_text(made_up_context(), made_up_rows(50, 2));
  for (const std::string& rest : {std::string(1, '\0'), std::string{"\0x", 2}, text})
    EXPECT_THAT(complaint_about(text + rest), HasSubstr("not JSON: invalid byte"));
  std::string lines;
  for (const char c : text) lines += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(complaint_about(lines), "");
}

TEST(recorded_run, numbers_that_are_not_finite_are_refused) {
  auto text = recorded_text(made_up_context(), made_up_rows(50, 2));
  const auto at = text.find("50.38");
  EXPECT_THAT(complaint_about(std::string{text}.replace(at, 5, "1e999")),
              HasSubstr("has an invalid value: number overflow parsing '1e999'"));
  EXPECT_THAT(complaint_about(std::string{text}.replace(at, 5, "NaN")), HasSubstr("not JSON: invalid byte"));
  auto context = made_up_context();
  for (const double canary : {0.0, -1.0, 1e-300, 1e300}) {
    context["canary"] = canary;
    EXPECT_THAT(complaint_about(recorded_text(context, made_up_rows(50, 2))),
                HasSubstr("'canary' is not at"));
  }
}

TEST(recorded_run, date_or_time_out_of_range_is_refused) {
  for (const char* date :
       {"2026-13-24T19:15:30Z", "2026-02-30T19:15:30Z", "2026-11-24T24:15:30Z", "2026-11-24T19:60:30Z",
        "2026-11-24T19:15:61Z", "2026-11-24T19:15:30+24:00", "2026-11-24T19:15:30", "2026-11-24"}) {
    auto context = made_up_context();
    context["date"] = date;
    EXPECT_THAT(complaint_about(recorded_text(context, made_up_rows(50, 1))),
                HasSubstr("is not a date with time and zone"));
  }
}

// Written out again for its checksum, it would take a stack as deep.
TEST(recorded_run, nested_without_end_is_refused) {
  auto context = made_up_context();
  context["deep"] = "here";
  auto text = recorded_text(context, made_up_rows(50, 1));
  const std::size_t depth = 1'000'000;
  text.replace(text.find("\"here\""), 6, std::string(depth, '[') + std::string(depth, ']'));
  EXPECT_THAT(complaint_about(text), HasSubstr("nested more than"));
}

TEST(recorded_run, is_refused_in_one_line_whatever_it_says) {
  auto context = made_up_context();
  context["format"] = "two\nlines\x1b[31m";
  const auto why = complaint_about(
      nlohmann::ordered_json{{"context", context}, {"benchmarks", made_up_rows(50, 1)}}.dump());
  EXPECT_THAT(why, HasSubstr("two lines"));
  EXPECT_EQ(why.find_first_of("\n\x1b"), std::string::npos);
}

TEST(recorded_run, names_missing_and_invalid_members) {
  for (const char* name :
       {"machine", "program_sha256", "commit", "engine", "workload", "canary", "load_before"}) {
    auto context = made_up_context();
    context.erase(name);
    EXPECT_THAT(complaint_about(recorded_text(context, made_up_rows(50, 1))),
                HasSubstr(std::string{"has no '"} + name + "'"));
    context[name] = nlohmann::ordered_json::array();
    EXPECT_THAT(complaint_about(recorded_text(context, made_up_rows(50, 1))),
                HasSubstr(std::string{"'"} + name + "' is not a"));
  }
  auto context = made_up_context();
  context["commit"] = "HEAD";
  EXPECT_THAT(complaint_about(recorded_text(context, made_up_rows(50, 1))),
              HasSubstr("commit is not 40 hex digits: 'HEAD'"));
}

TEST(recorded_run, a_row_that_is_wrong_is_named_by_its_number) {
  const auto with = [](const char* name, const nlohmann::ordered_json& value) {
    auto rows = made_up_rows(50, 2);
    rows[1][name] = value;
    return complaint_about(recorded_text(made_up_context(), rows));
  };
  EXPECT_THAT(with("name", "BM_other"), HasSubstr("row 2: 'BM_other' is not the name of a row of bench"));
  EXPECT_THAT(with("real_time", "fast"), HasSubstr("row 2: 'real_time' is not a number"));
  EXPECT_THAT(with("real_time", -1), HasSubstr("row 2: 'real_time' is not at least 1e-09: -1"));
  EXPECT_THAT(with("real_time", 0), HasSubstr("row 2: 'real_time' is not at least 1e-09: 0"));
  EXPECT_THAT(with("time_unit", "s"), HasSubstr("row 2: its time_unit is not 'ms': 's'"));
  EXPECT_THAT(with("run_type", "aggregate"), HasSubstr("row 2 is no repetition"));
  EXPECT_THAT(complaint_about(recorded_text(made_up_context(), nlohmann::ordered_json::array())),
              HasSubstr("no rows"));
}

TEST(recorded_run, a_file_that_cannot_be_read_is_named) {
  EXPECT_THROW(read_recorded_run("/no/such/run.json"), track_error);
  EXPECT_THROW(read_recorded_run(std::filesystem::temp_directory_path()), track_error);
}

}  // namespace
}  // namespace farebench::track
