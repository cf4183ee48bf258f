#include "bench/columns.hpp"

#include <gmock/gmock.h>

#include "tests/bench/made_up.hpp"

namespace farebench {
namespace {

using testing::Contains;
using testing::DoubleEq;
using testing::Key;
using testing::Not;

const counted_run counted{
    .heap_peak_bytes = 500'000, .allocations = 3'000, .sockets_peak = 21, .requests = 200};

TEST(columns, are_what_their_formulas_say) {
  const auto row = columns(made_up_case(), made_up_measurement(), counted);
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
  EXPECT_THAT(row.at("fares"), DoubleEq(900));
  EXPECT_THAT(row.at("errors"), DoubleEq(0));
}

TEST(columns, are_all_there_and_no_others) {
  const auto row = columns(made_up_case(), made_up_measurement(), counted);
  std::vector<std::string> names;
  names.reserve(row.size());
  for (const auto& [name, value] : row) names.push_back(name);
  EXPECT_THAT(names, testing::UnorderedElementsAreArray(column_names()));
}

TEST(columns, divide_by_the_ideal_of_random_latencies) {
  using namespace std::chrono_literals;
  auto row = made_up_case();
  row.latency = latency_model::uniform(20ms, 20ms);
  row.days = 110;  // of fixed latency six waves, 240 ms; here 110 · 2 · 20 ms / 20
  EXPECT_THAT(columns(row, made_up_measurement(), counted).at("ideal_ratio"), DoubleEq(250.0 / 220.0));
  row.latency = latency_model::uniform(0ms, 0ms);
  EXPECT_THAT(columns(row, made_up_measurement(), counted), Not(Contains(Key("ideal_ratio"))));
}

TEST(columns, have_no_attempts_of_a_probe_that_does_not_tell_them) {
  auto seen = made_up_measurement();
  seen.report.attempts.reset();
  EXPECT_THAT(columns(made_up_case(), seen, counted), Not(Contains(Key("attempts_per_day"))));
}

TEST(columns, have_no_ideal_at_zero_latency) {
  auto row = made_up_case();
  row.latency = std::chrono::seconds{0};
  EXPECT_THAT(columns(row, made_up_measurement(), counted), Not(Contains(Key("ideal_ratio"))));
}

TEST(columns, leave_out_what_was_not_counted) {
  const auto uncounted = columns(made_up_case(), made_up_measurement(), std::nullopt);
  EXPECT_THAT(uncounted, Not(Contains(Key("heap_peak_bytes"))));
  EXPECT_THAT(uncounted, Not(Contains(Key("allocations_per_request"))));
  EXPECT_THAT(uncounted, Not(Contains(Key("kernel_estimate_bytes"))));
  const auto sockets_only =
      columns(made_up_case(), made_up_measurement(), counted_run{.sockets_peak = 21, .requests = 200});
  EXPECT_THAT(sockets_only, Not(Contains(Key("heap_peak_bytes"))));
  EXPECT_THAT(sockets_only, Contains(Key("kernel_estimate_bytes")));
}

TEST(columns, divide_by_no_zero) {
  auto seen = made_up_measurement();
  seen.server.requests = 0;
  seen.report.wall_ms = 0;
  const auto row = columns(made_up_case(), seen, counted_run{.heap_peak_bytes = 1, .allocations = 1});
  for (const auto& [name, value] : row) EXPECT_TRUE(std::isfinite(value)) << name;
  EXPECT_THAT(row, Not(Contains(Key("cpu_us_per_request"))));
}

TEST(columns, never_grow_by_less_than_nothing) {
  auto seen = made_up_measurement();
  seen.memory.end.rss_peak_bytes = seen.memory.baseline.rss_bytes - 4096;
  EXPECT_THAT(columns(made_up_case(), seen, counted).at("rss_growth_bytes"), DoubleEq(0));
}

}  // namespace
}  // namespace farebench
