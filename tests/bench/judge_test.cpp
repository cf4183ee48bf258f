#include "bench/judge.hpp"

#include <gmock/gmock.h>

#include "bench/probe/raw_epoll.hpp"
#include "bench/cases.hpp"
#include "bench/probe/scrape_task.hpp"
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

TEST(judge, lets_a_clean_row_stand) {
  const auto verdict = judged(made_up_measurement());
  EXPECT_THAT(verdict.failure, IsEmpty());
  EXPECT_THAT(verdict.warning, IsEmpty());
}

TEST(judge, fails_a_day_that_failed_and_says_why) {
  auto seen = made_up_measurement();
  seen.report.errors = 1;
  seen.report.first_errors = {"2026-03-01: connection_lost: reset"};
  EXPECT_THAT(judged(seen).failure, HasSubstr("2026-03-01: connection_lost"));
}

TEST(judge, fails_outcomes_that_are_missing) {
  auto seen = made_up_measurement();
  seen.report.outcomes = 99;
  EXPECT_THAT(judged(seen).failure, HasSubstr("99 outcomes for 100 days"));
}

TEST(judge, fails_other_fares_than_the_site_holds) {
  auto fewer = made_up_measurement();
  fewer.report.fares = 899;
  EXPECT_THAT(judged(fewer).failure, HasSubstr("899 instead of the site's 900"));
  auto others = made_up_measurement();
  others.report.fares_digest = 43;
  EXPECT_THAT(judged(others, strictness::correctness_only).failure, HasSubstr("wrong fares"));
}

TEST(judge, fails_what_beats_the_ideal) {
  auto seen = made_up_measurement();
  seen.report.wall_ms = 199.9;
  EXPECT_THAT(judged(seen).failure, HasSubstr("beats the ideal"));
  seen.report.wall_ms = 200;
  EXPECT_THAT(judged(seen).failure, IsEmpty());
}

TEST(judge, fails_what_beats_the_ideal_of_random_latencies) {
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

TEST(judge, fails_a_listen_queue_that_overflowed) {
  auto seen = made_up_measurement();
  seen.server.listen_drops = 1;  // of 20 connections
  EXPECT_THAT(judged(seen).failure, HasSubstr("listen queue"));
}

TEST(judge, warns_of_one_packet_in_a_hundred_dropped_at_the_listening_socket) {
  auto row = made_up_case();
  row.workers = row.days = 100;
  auto seen = made_up_measurement();
  seen.server.connections_accepted = 100;
  seen.server.requests = 2 * 100;
  seen.report.outcomes = 100;
  seen.server.listen_drops = 1;
  const auto verdict = judge(row, seen, made_up_fares(), strictness::full);
  EXPECT_THAT(verdict.failure, IsEmpty());
  EXPECT_THAT(verdict.warning, HasSubstr("1 packets dropped"));
}

TEST(judge, warns_of_a_late_server_under_the_floor) {
  auto row = made_up_case();
  row.strategy = floor_strategy;
  auto seen = made_up_measurement();
  seen.server.late_p50_ms = 30;
  const auto verdict = judge(row, seen, made_up_fares(), strictness::full);
  EXPECT_THAT(verdict.failure, IsEmpty());
  EXPECT_THAT(verdict.warning, HasSubstr("30.00 ms late"));
}

TEST(judge, fails_other_connections_than_one_a_worker) {
  for (const std::uint64_t connections : {19u, 21u, 100u}) {
    auto seen = made_up_measurement();
    seen.server.connections_accepted = connections;
    EXPECT_THAT(judged(seen).failure, HasSubstr("connections accepted instead of 20, one per worker"));
  }
}

TEST(judge, wants_a_connection_a_day_of_a_peer) {
  auto row = made_up_case();
  row.strategy = "python_threads";
  auto seen = made_up_measurement();
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure,
              HasSubstr("20 connections accepted instead of 100, one per day"));
  seen.server.connections_accepted = 100;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, IsEmpty());
}

TEST(judge, fails_a_late_server_by_its_median_and_warns_by_its_p99) {
  auto seen = made_up_measurement();
  seen.server.late_p99_ms = 1.5;
  EXPECT_THAT(judged(seen).failure, IsEmpty());
  EXPECT_THAT(judged(seen).warning, HasSubstr("p99 1.50 ms"));
  seen.server.late_p50_ms = 1.01;
  EXPECT_THAT(judged(seen).failure, HasSubstr("1.01 ms late"));
  EXPECT_TRUE(judged(seen).is_machines);
  EXPECT_THAT(judged(seen, strictness::correctness_only).failure, IsEmpty())
      << "a busy machine is no wrong answer";
}

TEST(judge, lays_nothing_but_a_late_server_on_the_machine) {
  auto seen = made_up_measurement();
  EXPECT_FALSE(judged(seen).is_machines);
  seen.server.late_p50_ms = 30;
  seen.report.fares -= 1;
  EXPECT_THAT(judged(seen).failure, HasSubstr("wrong fares"));
  EXPECT_FALSE(judged(seen).is_machines) << "a wrong answer counts, however busy the machine";
}

TEST(judge, tolerates_five_percent_of_a_long_latency) {
  auto row = made_up_case();
  row.latency = std::chrono::milliseconds{145};
  auto seen = made_up_measurement();
  seen.report.wall_ms = 2000;
  seen.server.late_p50_ms = 7.2;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, IsEmpty());
  seen.server.late_p50_ms = 7.3;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, Not(IsEmpty()));
}

TEST(judge, tolerates_five_percent_of_the_mean_of_random_latencies) {
  auto row = made_up_case();
  row.latency = latency_model::uniform(std::chrono::milliseconds{100}, std::chrono::milliseconds{200});
  auto seen = made_up_measurement();
  seen.report.wall_ms = 5000;
  seen.server.late_p50_ms = 7.4;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, IsEmpty());
  seen.server.late_p50_ms = 7.6;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, HasSubstr("limit 7.50 ms"));
}

TEST(judge, tolerates_of_a_burst_five_percent_of_what_an_exchange_took) {
  auto row = made_up_case();
  row.kind = point_kind::burst;
  auto seen = made_up_measurement();
  seen.report.wall_ms = 1000;  // an exchange: 20 ms · 1000 / 200
  seen.server.late_p50_ms = 4.9;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, IsEmpty());
  seen.server.late_p50_ms = 5.1;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, HasSubstr("limit 5.00 ms"));
  row.kind = point_kind::hold;
  seen.server.late_p50_ms = 1.1;
  EXPECT_THAT(judge(row, seen, made_up_fares(), strictness::full).failure, HasSubstr("limit 1.00 ms"));
}

TEST(judge, fails_a_hold_that_did_not_hold_all_its_workers) {
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

TEST(judge, warns_of_a_sampler_that_took_more_than_a_hundredth_of_a_core) {
  auto seen = made_up_measurement();
  seen.memory.curve.sampler_cpu_share = 0.01;
  EXPECT_THAT(judged(seen).warning, IsEmpty());
  seen.memory.curve.sampler_cpu_share = 0.016;
  EXPECT_THAT(judged(seen).failure, IsEmpty());
  EXPECT_THAT(judged(seen).warning, HasSubstr("1.6 % of a core"));
  EXPECT_THAT(judged(seen, strictness::correctness_only).warning, IsEmpty());
}

TEST(fares_of_site, are_those_of_its_timetable_day_by_day) {
  auto row = made_up_case();
  row.days = 3;
  fares_digest digest;
  for (const std::size_t day : {2u, 0u, 1u})
    digest.add(query_of_day(day).date, timetable(query_of_day(day), row.page_kb));
  EXPECT_EQ(fares_of_site(row).digest, digest.value()) << "in any order";
  EXPECT_EQ(fares_of_site(row).fares, digest.fares());
}

}  // namespace
}  // namespace farebench
