#include "bench/columns.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/clients/clients.hpp"
#include "tests/bench/made_up.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::DoubleEq;
using testing::HasSubstr;
using testing::Key;
using testing::Not;

constexpr counted_run counted{
    .heap_peak_bytes = 500'000, .allocations = 3'000, .sockets_peak = 21, .requests = 200};

std::map<std::string, double> values_of(const measurement& measured) {
  return column_values(made_up_case(), measured, counted);
}

TEST(column_values, follow_the_formulas) {
  const auto row = values_of(made_up_measurement());
  EXPECT_THAT(row.at("ideal_ratio"), DoubleEq(250.0 / 200.0));
  EXPECT_THAT(row.at("requests_per_second"), DoubleEq(800));
  EXPECT_THAT(row.at("cpu_us_per_request"), DoubleEq(100));
  EXPECT_THAT(row.at("cpu_share"), DoubleEq(0.08));
  EXPECT_THAT(row.at("rss_baseline_bytes"), DoubleEq(10e6));
  EXPECT_THAT(row.at("rss_peak_bytes"), DoubleEq(12e6));
  EXPECT_THAT(row.at("rss_growth_bytes"), DoubleEq(2e6));
  EXPECT_THAT(row.at("anon_peak_bytes"), DoubleEq(3e6));
  EXPECT_THAT(row.at("bytes_per_worker"), DoubleEq(100e3));
  EXPECT_THAT(row.at("heap_peak_bytes"), DoubleEq(500e3));
  EXPECT_THAT(row.at("allocations_per_request"), DoubleEq(15));
  EXPECT_THAT(row.at("kernel_estimate_bytes"), DoubleEq(2 * 22 * 1024 + 21 * 3 * 1024 + 100'000));
  EXPECT_THAT(row.at("threads_peak"), DoubleEq(2));
  EXPECT_THAT(row.at("context_switches_per_request"), DoubleEq(2));
  EXPECT_THAT(row.at("attempts_per_day"), DoubleEq(1.1));
  EXPECT_THAT(row.at("scrape_p50_ms"), DoubleEq(41));
  EXPECT_THAT(row.at("scrape_p99_ms"), DoubleEq(48));
  EXPECT_THAT(row.at("server_late_p50_ms"), DoubleEq(0.1));
  EXPECT_THAT(row.at("server_late_p99_ms"), DoubleEq(0.4));
  EXPECT_THAT(row.at("in_flight_peak"), DoubleEq(20));
  EXPECT_THAT(row.at("sampler_cpu_share"), DoubleEq(0.004));
  EXPECT_THAT(row.at("run_queue_delay_ms"), DoubleEq(3));
  EXPECT_THAT(row.at("other_cpu_share"), DoubleEq(0.05));
  EXPECT_THAT(row.at("throttled_share"), DoubleEq(0.002));
  EXPECT_THAT(row.at("steal_share"), DoubleEq(0.01));
  EXPECT_THAT(row.at("fares"), DoubleEq(900));
  EXPECT_THAT(row.at("errors"), DoubleEq(0));
}

TEST(column_values, histogram_wins_over_reported_percentiles) {
  auto measured = made_up_measurement();
  std::vector<std::uint32_t> times_us(98, 100);
  times_us.insert(times_us.end(), {200, 201});
  measured.report.item_histogram = time_histogram{times_us};
  EXPECT_THAT(values_of(measured).at("scrape_p50_ms"), DoubleEq(0.1005));
  EXPECT_THAT(values_of(measured).at("scrape_p99_ms"), DoubleEq(0.2005));
}

TEST(column_values, are_the_columns_of_the_schema) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values_of(made_up_measurement())) names.push_back(name);
  EXPECT_THAT(names, testing::UnorderedElementsAreArray(counter_names()));
}

TEST(column_values, random_latencies_have_their_own_ideal) {
  auto row = made_up_case();
  row.latency = latency_model::uniform(20ms, 20ms);
  // A fixed latency would have six waves of 40 ms; here it is 110 · 2 · 20 ms / 20.
  row.items = 110;
  EXPECT_THAT(column_values(row, made_up_measurement(), counted).at("ideal_ratio"), DoubleEq(250.0 / 220.0));
  row.latency = latency_model::uniform(0ms, 0ms);
  EXPECT_THAT(column_values(row, made_up_measurement(), counted), Not(Contains(Key("ideal_ratio"))));
}

TEST(column_values, report_without_attempts_gives_no_attempts) {
  auto measured = made_up_measurement();
  measured.report.attempts.reset();
  EXPECT_THAT(values_of(measured), Not(Contains(Key("attempts_per_day"))));
}

TEST(column_values, machine_without_counters_gives_no_shares) {
  auto measured = made_up_measurement();
  measured.throttled_share.reset();
  measured.steal_share.reset();
  EXPECT_THAT(values_of(measured), Not(Contains(Key("throttled_share"))));
  EXPECT_THAT(values_of(measured), Not(Contains(Key("steal_share"))));
}

TEST(column_values, zero_latency_gives_no_ideal_ratio) {
  auto row = made_up_case();
  row.latency = 0s;
  EXPECT_THAT(column_values(row, made_up_measurement(), counted), Not(Contains(Key("ideal_ratio"))));
}

TEST(column_values, uncounted_figures_are_absent) {
  const auto uncounted = column_values(made_up_case(), made_up_measurement(), std::nullopt);
  EXPECT_THAT(uncounted, Not(Contains(Key("heap_peak_bytes"))));
  EXPECT_THAT(uncounted, Not(Contains(Key("allocations_per_request"))));
  EXPECT_THAT(uncounted, Not(Contains(Key("kernel_estimate_bytes"))));
  const auto sockets_only =
      column_values(made_up_case(), made_up_measurement(), counted_run{.sockets_peak = 21, .requests = 200});
  EXPECT_THAT(sockets_only, Not(Contains(Key("heap_peak_bytes"))));
  EXPECT_THAT(sockets_only, Contains(Key("kernel_estimate_bytes")));
}

TEST(column_values, zero_divisors_give_no_infinities) {
  auto measured = made_up_measurement();
  measured.server.requests = 0;
  measured.report.wall_ms = 0;
  const auto row =
      column_values(made_up_case(), measured, counted_run{.heap_peak_bytes = 1, .allocations = 1});
  for (const auto& [name, value] : row) EXPECT_TRUE(std::isfinite(value)) << name;
  EXPECT_THAT(row, Not(Contains(Key("cpu_us_per_request"))));
}

TEST(column_values, peak_below_baseline_is_no_growth) {
  auto measured = made_up_measurement();
  measured.memory.end.rss_peak_bytes = measured.memory.baseline.rss_bytes - 4096;
  EXPECT_THAT(values_of(measured).at("rss_growth_bytes"), DoubleEq(0));
}

TEST(schema, lists_columns_and_the_strategies_of_the_rows) {
  std::vector<benchmark_case> rows(4, made_up_case());
  rows[0].strategy = "raw_epoll";
  rows[2].strategy = "unknown";
  rows[3].strategy = "client:x";
  rows[3].program = std::make_shared<const client_program>(
      client_program{.info = {.name = "client:x", .label = "x", .family = "other"}, .executable = "/bin/sh"});
  rows.push_back(rows[3]);
  const auto schema = schema_json(rows);
  EXPECT_EQ(schema["version"], 1);
  ASSERT_EQ(schema["columns"].size(), columns().size());
  EXPECT_EQ(schema["columns"][0]["name"], "real_time");
  std::set<std::string> names;
  for (const auto& one : schema["columns"]) {
    EXPECT_TRUE(names.insert(one["name"]).second) << one;
    EXPECT_THAT(one["unit"].get<std::string>(),
                testing::MatchesRegex("ms|us|bytes|ratio|share|count|per_second"));
    EXPECT_THAT(one["better"].get<std::string>(), testing::MatchesRegex("lower|higher|none"));
    EXPECT_NE(one["meaning"], "");
  }
  ASSERT_EQ(schema["strategies"].size(), 3u);
  EXPECT_EQ(schema["strategies"][2]["name"], "client:x");
  EXPECT_EQ(schema["strategies"][0]["name"], "multi_socket");
  EXPECT_EQ(schema["strategies"][1]["family"], "floor");
  for (const char* member : {"label", "language", "transport", "control_flow", "code_changes"})
    EXPECT_NE(schema["strategies"][0].at(member), "") << member;
}

TEST(schema, name_of_native_client_is_strategy_of_its_rows) {
  auto row = made_up_case();
  row.strategy = "coroutines/native";
  const auto schema = schema_json(std::vector{made_up_case(), row});
  ASSERT_EQ(schema["strategies"].size(), 2u);
  EXPECT_EQ(schema["strategies"][1]["name"], parameters_json(row)["strategy"]);
  EXPECT_EQ(schema["strategies"][1]["label"], "coroutines (native)");
  EXPECT_EQ(schema["strategies"][1]["transport"], "native");
}

TEST(case_parameters, are_members_of_a_row) {
  const auto row =
      parameters_json({.strategy = "coroutines", .workers = 100, .latency = 20ms, .page_kb = 3, .items = 50});
  EXPECT_EQ(row.dump(),
            R"({"strategy":"coroutines","workers":100,"loops":1,"days":50,"page_kb":3,"latency":"20ms",)"
            R"("latency_ms":20.0,"engine":"beast"})");
}

TEST(case_parameters, are_read_as_written) {
  const benchmark_case fixed{
      .strategy = "coroutines", .workers = 7, .latency = 1500us, .page_kb = 94, .items = 9, .loops = 2};
  auto random = fixed;
  random.latency = latency_model::lognormal(20ms, 80ms);
  random.seed = 18446744073709551615u;
  random.engine = engine_kind::cpp_httplib;
  auto hold = fixed;
  hold.kind = point_kind::hold;
  auto burst = fixed;
  burst.kind = point_kind::burst;
  auto get = fixed;
  get.task = task_kind::get;
  get.connections = connection_mode::fresh;
  get.warm_up = 5;
  auto native = fixed;
  native.strategy = "coroutines/native";
  for (const auto& row : {fixed, random, hold, burst, get, native}) {
    const auto parsed = parse_parameters(nlohmann::json::parse(parameters_json(row).dump()));
    EXPECT_EQ(parsed.name(), row.name());
    EXPECT_EQ(parsed.kind, row.kind);
    EXPECT_EQ(parsed.seed, row.seed);
    EXPECT_EQ(parsed.loops, row.loops);
    EXPECT_EQ(parsed.task, row.task);
    EXPECT_EQ(parsed.connections, row.connections);
    EXPECT_EQ(parsed.warm_up, row.warm_up);
  }
}

TEST(case_parameters, invalid_member_is_named) {
  const nlohmann::json valid = parameters_json(made_up_case());
  const auto error_with = [&](const char* member, const nlohmann::json& value) -> std::string {
    auto row = valid;
    row[member] = value;
    try {
      parse_parameters(row);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_EQ(error_with("workers", 20), "none");
  for (const char* member : {"strategy", "workers", "loops", "days", "page_kb", "latency", "engine", "kind"})
    EXPECT_THAT(error_with(member, nullptr), HasSubstr(member));
  EXPECT_THAT(error_with("workers", 0), HasSubstr("workers"));
  EXPECT_THAT(error_with("workers", -1), HasSubstr("workers"));
  EXPECT_THAT(error_with("days", 1.5), HasSubstr("days"));
  EXPECT_THAT(error_with("latency", "20"), HasSubstr("latency"));
  EXPECT_THAT(error_with("engine", "steam"), HasSubstr("'steam'"));
  EXPECT_THAT(error_with("kind", "long"), HasSubstr("'long'"));
  EXPECT_THAT(error_with("seed", "x"), HasSubstr("seed"));
  EXPECT_THAT(error_with("task", "put"), HasSubstr("'put'"));
  EXPECT_THAT(error_with("connections", "old"), HasSubstr("'old'"));
  EXPECT_THAT(error_with("warm_up", 0), HasSubstr("warm_up"));
  EXPECT_THAT(error_with("items", 0), HasSubstr("items"));
  auto without = valid;
  without.erase("workers");
  EXPECT_THROW(parse_parameters(without), std::invalid_argument);
}

}  // namespace
}  // namespace farebench
