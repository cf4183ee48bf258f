#include "bench/judge.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include "bench/cases.hpp"
#include "bench/probe/raw_epoll.hpp"
#include "bench/probe/scrape_task.hpp"
#include "mock_server/site/numbered_page.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/bench/made_up.hpp"

namespace farebench {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

row_verdict judged(const measurement& seen, strictness how = strictness::full) {
  return judge(made_up_case(), seen, made_up_fares(), how);
}

TEST(judge, clean_row_has_no_verdict) {
  const auto verdict = judged(made_up_measurement());
  EXPECT_THAT(verdict.failure, IsEmpty());
  EXPECT_THAT(verdict.warning, IsEmpty());
}

TEST(judge, failed_day_fails_with_its_error) {
  auto seen = made_up_measurement();
  seen.report.errors = 1;
  seen.report.first_errors = {"2026-03-01: connection_lost: reset"};
  EXPECT_THAT(judged(seen).failure, HasSubstr("2026-03-01: connection_lost"));
}

TEST(judge, missing_outcome_fails) {
  auto seen = made_up_measurement();
  seen.report.outcomes = 99;
  EXPECT_THAT(judged(seen).failure, HasSubstr("99 outcomes for 100 days"));
}

TEST(judge, wrong_fares_fail) {
  auto fewer = made_up_measurement();
  fewer.report.fares = 899;
  EXPECT_THAT(judged(fewer).failure, HasSubstr("899 instead of the site's 900"));
  auto others = made_up_measurement();
  others.report.digest = 43;
  EXPECT_THAT(judged(others, strictness::correctness_only).failure, HasSubstr("wrong fares"));
}

TEST(judge, histogram_without_all_items_fails) {
  auto seen = made_up_measurement();
  std::vector<std::uint32_t> times_us(99, 41'000);
  seen.report.item_histogram = time_histogram{times_us};
  EXPECT_THAT(judged(seen).failure, HasSubstr("item_histogram with 99 times for 100 outcomes"));
  times_us.push_back(48'000);
  seen.report.item_histogram = time_histogram{times_us};
  EXPECT_THAT(judged(seen).failure, IsEmpty());
}

TEST(judge, faster_than_ideal_fails) {
  auto seen = made_up_measurement();
  seen.report.wall_ms = 199.9;
  EXPECT_THAT(judged(seen).failure, HasSubstr("beats the ideal"));
  seen.report.wall_ms = 200;
  EXPECT_THAT(judged(seen).failure, IsEmpty());
}

TEST(judge, faster_than_random_ideal_fails) {
  auto row = made_up_case();
  row.latency = latency_model::lognormal(std::chrono::milliseconds{20}, std::chrono::milliseconds{80});
  row.seed = 7;
  const double ideal_ms = std::chrono::duration<double, std::milli>{ideal_wall(row)}.count();
  auto seen = made_up_measurement();
  seen.report.wall_ms = ideal_ms - 0.01;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::correctness_only).failure,
              HasSubstr("beats the ideal"));
  seen.report.wall_ms = ideal_ms;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, IsEmpty());
}

TEST(judge, listen_overflow_fails) {
  auto seen = made_up_measurement();
  seen.server.listen_drops = 1;
  EXPECT_THAT(judged(seen).failure, HasSubstr("listen queue"));
}

TEST(judge, one_drop_in_hundred_connections_gives_warning) {
  auto row = made_up_case();
  row.workers = row.items = 100;
  auto seen = made_up_measurement();
  seen.server.connections_accepted = 100;
  seen.server.requests = 2 * 100;
  seen.report.outcomes = 100;
  seen.server.listen_drops = 1;
  const auto verdict = judge(row, seen, made_up_fares(), strictness::full);
  EXPECT_THAT(verdict.failure, IsEmpty());
  EXPECT_THAT(verdict.warning, HasSubstr("1 connections dropped"));
}

TEST(judge, late_server_of_floor_gives_warning) {
  auto row = made_up_case();
  row.strategy = floor_strategy;
  auto seen = made_up_measurement();
  seen.server.late_p50_ms = 30;
  const auto verdict = judge(row, seen, made_up_fares(), strictness::full);
  EXPECT_THAT(verdict.failure, IsEmpty());
  EXPECT_THAT(verdict.warning, HasSubstr("30.00 ms late"));
}

TEST(judge, wrong_number_of_connections_fails) {
  for (const std::uint64_t connections : {19u, 21u, 100u}) {
    auto seen = made_up_measurement();
    seen.server.connections_accepted = connections;
    EXPECT_THAT(judged(seen).failure, HasSubstr("connections accepted instead of 20, one per worker"));
  }
}

TEST(judge, fresh_connections_are_one_per_item) {
  auto row = made_up_case();
  row.connections = connection_mode::fresh;
  auto seen = made_up_measurement();
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure,
              HasSubstr("20 connections accepted instead of 100, one per day"));
  seen.server.connections_accepted = 100;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, IsEmpty());
}

TEST(judge, program_may_keep_fewer_connections) {
  auto row = made_up_case();
  row.program = std::make_shared<const client_program>(
      client_program{.info = {.name = "client:x", .label = "x"}, .executable = "/bin/sh"});
  auto seen = made_up_measurement();
  seen.server.connections_accepted = 19;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, IsEmpty());
  seen.server.connections_accepted = 21;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, IsEmpty()) << "one was replaced";
  seen.server.connections_accepted = 22;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure,
              HasSubstr("22 connections accepted instead of at most 20, one per worker"));
  row.connections = connection_mode::fresh;
  seen.server.connections_accepted = 99;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure,
              HasSubstr("99 connections accepted instead of 100, one per day"));
}

TEST(judge, task_get_needs_one_request_per_item) {
  auto row = made_up_case();
  row.task = task_kind::get;
  auto seen = made_up_measurement();
  seen.report.fares.reset();
  seen.server.sessions = 0;
  EXPECT_THAT(judge(row, seen, {.digest = 42}, strictness::full).failure,
              HasSubstr("200 requests served for 100 items instead of one per item"));
  seen.server.requests = 100;
  EXPECT_THAT(judge(row, seen, {.digest = 42}, strictness::full).failure, IsEmpty());
  EXPECT_THAT(judge(row, seen, {.digest = 43}, strictness::full).failure, HasSubstr("wrong pages"));
}

TEST(judge, wrong_number_of_sessions_fails) {
  for (const std::uint64_t sessions : {1u, 99u, 101u}) {
    auto seen = made_up_measurement();
    seen.server.sessions = sessions;
    EXPECT_THAT(judged(seen).failure, HasSubstr("sessions started for 100 days instead of one per day"));
  }
}

TEST(judge, report_before_last_response_fails) {
  auto seen = made_up_measurement();
  seen.server.in_flight = 1;
  EXPECT_THAT(judged(seen).failure, HasSubstr("1 requests were in flight when the client reported"));
}

TEST(judge, reported_time_above_that_seen_fails) {
  auto seen = made_up_measurement();
  seen.seen_wall_ms = 249.9;
  EXPECT_THAT(judged(seen).failure,
              HasSubstr("the client reports 250.000 ms for its batch, which took 249.900 ms"));
  seen.seen_wall_ms = 250;
  EXPECT_THAT(judged(seen).failure, IsEmpty());
}

TEST(judge, server_elsewhere_gives_warning) {
  auto seen = made_up_measurement();
  seen.is_server_elsewhere = true;
  EXPECT_THAT(judged(seen).failure, IsEmpty());
  EXPECT_THAT(judged(seen).warning, HasSubstr("a server elsewhere"));
}

TEST(judge, late_median_fails_and_late_p99_gives_warning) {
  auto seen = made_up_measurement();
  seen.server.late_p99_ms = 1.5;
  EXPECT_THAT(judged(seen).failure, IsEmpty());
  EXPECT_THAT(judged(seen).warning, HasSubstr("p99 1.50 ms"));
  seen.server.late_p50_ms = 1.01;
  EXPECT_THAT(judged(seen).failure, HasSubstr("1.01 ms late"));
  EXPECT_TRUE(judged(seen).is_machines);
  EXPECT_THAT(judged(seen, strictness::correctness_only).failure, IsEmpty()) << "correct on a busy machine";
}

TEST(judge, only_late_server_is_due_to_machine) {
  auto seen = made_up_measurement();
  EXPECT_FALSE(judged(seen).is_machines);
  seen.server.late_p50_ms = 30;
  *seen.report.fares -= 1;
  EXPECT_THAT(judged(seen).failure, HasSubstr("wrong fares"));
  EXPECT_FALSE(judged(seen).is_machines) << "wrong fares are never due to the machine";
}

TEST(judge, lateness_limit_is_5_percent_of_latency) {
  auto row = made_up_case();
  row.latency = std::chrono::milliseconds{145};
  auto seen = made_up_measurement();
  seen.report.wall_ms = 2000;
  seen.server.late_p50_ms = 7.2;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, IsEmpty());
  seen.server.late_p50_ms = 7.3;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, Not(IsEmpty()));
}

TEST(judge, lateness_limit_is_5_percent_of_random_mean) {
  auto row = made_up_case();
  row.latency = latency_model::uniform(std::chrono::milliseconds{100}, std::chrono::milliseconds{200});
  auto seen = made_up_measurement();
  seen.report.wall_ms = 5000;
  seen.server.late_p50_ms = 7.4;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, IsEmpty());
  seen.server.late_p50_ms = 7.6;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, HasSubstr("limit 7.50 ms"));
}

TEST(judge, lateness_limit_of_burst_is_5_percent_of_exchange) {
  auto row = made_up_case();
  row.kind = point_kind::burst;
  auto seen = made_up_measurement();
  seen.report.wall_ms = 1000;
  seen.server.late_p50_ms = 4.9;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, IsEmpty());
  seen.server.late_p50_ms = 5.1;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, HasSubstr("limit 5.00 ms"));
  row.kind = point_kind::hold;
  seen.server.late_p50_ms = 1.1;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, HasSubstr("limit 1.00 ms"));
}

TEST(judge, hold_without_all_workers_in_flight_fails) {
  auto row = made_up_case();
  auto seen = made_up_measurement();
  seen.server.in_flight_peak = 19;
  for (const auto kind : {point_kind::plain, point_kind::burst}) {
    row.kind = kind;
    EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, IsEmpty());
  }
  row.kind = point_kind::hold;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, HasSubstr("held 19 of 20"));
  seen.server.in_flight_peak = 20;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, IsEmpty());
}

TEST(judge, expensive_sampler_gives_warning) {
  auto seen = made_up_measurement();
  seen.memory.curve.sampler_cpu_share = 0.01;
  EXPECT_THAT(judged(seen).warning, IsEmpty());
  seen.memory.curve.sampler_cpu_share = 0.016;
  EXPECT_THAT(judged(seen).failure, IsEmpty());
  EXPECT_THAT(judged(seen).warning, HasSubstr("1.6 % of a core"));
  EXPECT_THAT(judged(seen, strictness::correctness_only).warning, IsEmpty());
}

TEST(judge, loaded_machine_gives_warning) {
  auto seen = made_up_measurement();
  seen.other_cpu_share = 0.2;
  EXPECT_THAT(judged(seen).warning, IsEmpty());
  seen.other_cpu_share = 1.5;
  seen.run_queue_delay_ms = 23;
  EXPECT_THAT(judged(seen).failure, IsEmpty());
  EXPECT_EQ(judged(seen).warning,
            "loaded machine: other programs used 1.5 cores, the client waited 23 ms for a core");
  EXPECT_THAT(judged(seen, strictness::correctness_only).warning, IsEmpty());
  seen.run_queue_delay_ms.reset();
  EXPECT_EQ(judged(seen).warning, "loaded machine: other programs used 1.5 cores");
}

TEST(judge, load_below_resolution_gives_no_warning) {
  auto row = made_up_case();
  row.workers = 100;
  auto seen = made_up_measurement();
  seen.server.connections_accepted = 100;
  seen.report.wall_ms = 50;
  seen.other_cpu_share = 0.4;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).warning, IsEmpty());
  seen.other_cpu_share = 0.5;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).warning, HasSubstr("loaded machine"));
}

TEST(judge, throttled_row_fails) {
  auto seen = made_up_measurement();
  seen.throttled_share = 0.01;
  EXPECT_THAT(judged(seen).failure, IsEmpty());
  seen.throttled_share = 0.8;
  // Late because it is throttled.
  seen.server.late_p50_ms = 30;
  EXPECT_EQ(judged(seen).failure,
            "throttled: a CPU quota took 80.0 % of the time (limit 1 %); raise the quota");
  EXPECT_TRUE(judged(seen).is_machines);
  EXPECT_THAT(judged(seen, strictness::correctness_only).failure, IsEmpty());
  auto floor = made_up_case();
  floor.strategy = floor_strategy;
  EXPECT_THAT(judge(floor, seen, made_up_fares(), strictness::full).failure, HasSubstr("throttled"));
}

TEST(judge, stolen_time_fails) {
  auto seen = made_up_measurement();
  seen.report.wall_ms = 1000;
  seen.steal_share = 0.05;
  EXPECT_THAT(judged(seen).failure, IsEmpty());
  seen.steal_share = 0.081;
  EXPECT_EQ(judged(seen).failure,
            "steal: the hypervisor took 8.1 % of the time (limit 5 %); use a quieter host");
  EXPECT_TRUE(judged(seen).is_machines);
  EXPECT_THAT(judged(seen, strictness::correctness_only).failure, IsEmpty());
}

TEST(judge, steal_below_resolution_passes) {
  auto seen = made_up_measurement();
  // Two units of 10 ms in 250 ms.
  seen.steal_share = 0.08;
  EXPECT_THAT(judged(seen).failure, IsEmpty());
  seen.steal_share = 0.12;
  EXPECT_THAT(judged(seen).failure, HasSubstr("limit 8 %"));
}

TEST(judge, row_without_counters_passes) {
  auto seen = made_up_measurement();
  seen.throttled_share.reset();
  seen.steal_share.reset();
  EXPECT_THAT(judged(seen).failure, IsEmpty());
}

TEST(results_of_site, pages_are_those_of_site) {
  auto row = made_up_case();
  row.task = task_kind::get;
  row.items = 2;
  std::uint64_t digest = 0;
  for (const std::uint32_t number : {1u, 0u}) {
    const auto body = page_body(number, row.page_kb);
    digest += crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  }
  EXPECT_EQ(results_of_site(row).digest, digest);
  EXPECT_EQ(results_of_site(row).fares, 0u);
}

TEST(results_of_site, fares_are_those_of_timetable) {
  auto row = made_up_case();
  row.items = 3;
  fares_digest digest;
  for (const std::size_t day : {2u, 0u, 1u})
    digest.add(query_of_day(day).date, timetable(query_of_day(day), row.page_kb));
  EXPECT_EQ(results_of_site(row).digest, digest.value()) << "in any order";
  EXPECT_EQ(results_of_site(row).fares, digest.fares());
}

}  // namespace
}  // namespace farebench
