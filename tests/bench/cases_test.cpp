#include "bench/cases.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "bench/clients/clients.hpp"
#include "bench/probe/scrape_task.hpp"
#include "mock_server/latency/latency_model.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

benchmark_case case_of(std::size_t days, std::size_t workers, latency_model latency, std::uint64_t seed = 0) {
  return {.strategy = "multi_socket",
          .workers = workers,
          .latency = latency,
          .page_kb = 3,
          .items = days,
          .seed = seed};
}

TEST(ideal_wall, wave_takes_two_latencies) {
  EXPECT_EQ(ideal_wall(case_of(100, 100, 20ms)), 40ms) << "one wave";
  EXPECT_EQ(ideal_wall(case_of(100, 20, 20ms)), 200ms) << "five waves";
  EXPECT_EQ(ideal_wall(case_of(100, 1, 145ms)), 29s) << "the article's sequential row";
}

TEST(ideal_wall, wave_of_get_takes_one_latency) {
  auto row = case_of(100, 20, 20ms);
  row.task = task_kind::get;
  EXPECT_EQ(ideal_wall(row), 100ms);
  row.latency = latency_model::uniform(10ms, 10ms);
  row.workers = 30;
  EXPECT_EQ(ideal_wall(row), std::chrono::nanoseconds{1s} / 30);
}

TEST(ideal_wall, incomplete_last_wave_counts) {
  EXPECT_EQ(ideal_wall(case_of(101, 100, 20ms)), 80ms);
  EXPECT_EQ(ideal_wall(case_of(100, 30, 1ms)), 8ms);
}

TEST(ideal_wall, more_workers_than_days_give_one_wave) { EXPECT_EQ(ideal_wall(case_of(3, 100, 20ms)), 40ms); }

TEST(ideal_wall, no_days_or_no_latency_give_zero) {
  EXPECT_EQ(ideal_wall(case_of(0, 5, 20ms)), 0ms);
  EXPECT_EQ(ideal_wall(case_of(100, 5, 0ms)), 0ms);
}

TEST(ideal_wall, fixed_latency_ignores_seed) {
  EXPECT_EQ(ideal_wall(case_of(101, 100, 20ms)), 80ms);
  EXPECT_EQ(ideal_wall(case_of(101, 100, 20ms, 7)), 80ms) << "whatever the seed";
}

TEST(ideal_wall, random_ideal_is_shared_sum_or_longest_day) {
  const auto always_10ms = latency_model::uniform(10ms, 10ms);
  EXPECT_EQ(ideal_wall(case_of(3, 1, always_10ms)), 60ms);
  EXPECT_EQ(ideal_wall(case_of(3, 2, always_10ms)), 30ms) << "a day and a half each";
  EXPECT_EQ(ideal_wall(case_of(3, 3, always_10ms)), 20ms);
  EXPECT_EQ(ideal_wall(case_of(3, 100, always_10ms)), 20ms);
  EXPECT_EQ(ideal_wall(case_of(0, 5, always_10ms)), 0ms);
}

TEST(ideal_wall, random_ideal_uses_draws_of_days_and_seed) {
  const auto model = latency_model::lognormal(20ms, 80ms);
  for (const std::uint64_t seed : {0u, 7u}) {
    const auto start = [&](std::uint64_t ordinal) { return start_latency(model, seed, ordinal); };
    const auto search = [&](std::size_t day) { return search_latency(model, seed, query_of_day(day)); };
    EXPECT_EQ(ideal_wall(case_of(1, 1, model, seed)), start(0) + search(0));
    EXPECT_EQ(ideal_wall(case_of(3, 1, model, seed)),
              start(0) + start(1) + start(2) + search(0) + search(1) + search(2));
    // Either day may meet either start.
    EXPECT_EQ(ideal_wall(case_of(2, 2, model, seed)),
              std::min(std::max(start(0) + search(0), start(1) + search(1)),
                       std::max(start(1) + search(0), start(0) + search(1))));
  }
}

TEST(benchmark_case, name_has_other_transport_than_libcurl) {
  auto row = case_of(100, 20, 20ms);
  EXPECT_EQ(row.name(),
            "fetch/strategy:multi_socket/workers:20/latency_ms:20/page_kb:3/days:100/engine:beast");
  EXPECT_FALSE(row.is_native());
  row.strategy = "coroutines/native";
  row.loops = 2;
  EXPECT_EQ(row.name(),
            "fetch/strategy:coroutines/transport:native/loops:2/workers:20/latency_ms:20/page_kb:3/days:100/"
            "engine:beast");
  EXPECT_EQ(row.label(), "coroutines/native, 2 loops");
  EXPECT_TRUE(row.is_native());
}

TEST(cases_of, one_worker_on_each_transport_has_no_other) {
  const auto cases = cases_of({.strategies = {"sequential", "sequential/native", "callbacks/native"},
                               .workers = {3, 5},
                               .points = {{20ms}},
                               .page_kb = 3,
                               .items = 5});
  std::vector<std::size_t> workers;
  for (const auto& row : cases) workers.push_back(row.workers);
  EXPECT_THAT(workers, testing::ElementsAre(1, 1, 3, 5));
}

TEST(latency_error, latency_above_maximum_is_error) {
  for (const latency_model& allowed :
       {latency_model{10s}, latency_model::uniform(0s, 10s), latency_model::lognormal(20ms, 80ms)})
    EXPECT_THAT(latency_error(allowed, 0, task_kind::scrape, max_days), IsEmpty());
  for (const latency_model& refused : {latency_model{10'001ms}, latency_model::uniform(0s, 10'001ms),
                                       latency_model::lognormal(20ms, 10'001ms)})
    EXPECT_THAT(latency_error(refused, 0, task_kind::scrape, 1), HasSubstr("at most 10s"));
}

TEST(latency_error, drawn_latency_above_maximum_is_error) {
  const auto model = latency_model::lognormal(20ms, 10s);
  std::size_t day = 0;
  while (start_latency(model, 7, day) <= max_latency &&
         search_latency(model, 7, query_of_day(day)) <= max_latency)
    ++day;
  EXPECT_THAT(latency_error(model, 7, task_kind::scrape, day), IsEmpty()) << "the days before it";
  EXPECT_THAT(latency_error(model, 7, task_kind::scrape, day + 1), HasSubstr("with --seed 7 draws"));
}

/// Returns a list of cases with clients, worker counts and points in random order, without duplicates.
std::vector<benchmark_case> random_cases(std::mt19937& random) {
  std::vector<benchmark_case> cases;
  for (const auto& client : probe_clients()) {
    for (const std::size_t workers : {1u, 20u, 100u}) {
      for (const auto& point : {workload_point{20ms}, workload_point{50ms, point_kind::burst},
                                workload_point{50ms, point_kind::hold}}) {
        auto row = case_of(100, workers, point.latency);
        row.strategy = client.name;
        row.kind = point.kind;
        if (random() % 2 == 0) cases.push_back(row);
      }
    }
  }
  std::ranges::shuffle(cases, random);
  return cases;
}

TEST(positions_of_shard, any_number_of_shards_deals_each_case_once) {
  std::mt19937 random{19};
  for (int list = 0; list < 50; ++list) {
    const auto cases = random_cases(random);
    for (const std::size_t count : {1u, 2u, 3u, 4u, 5u, 7u, 9u, 10u, 100u}) {
      std::vector<std::size_t> dealt;
      // By kind and point.
      std::map<std::string, std::size_t> shard_of;
      std::size_t min_groups = cases.size();
      std::size_t max_groups = 0;
      for (std::size_t index = 1; index <= count; ++index) {
        const auto positions = positions_of_shard(cases, {index, count});
        EXPECT_TRUE(std::ranges::is_sorted(positions));
        std::set<std::string> groups;
        for (const auto position : positions) {
          const auto& row = cases[position];
          const auto group = std::string{to_string(row.kind)} + row.point();
          EXPECT_EQ(shard_of.try_emplace(group, index).first->second, index) << group << " is split";
          groups.insert(group);
        }
        min_groups = std::min(min_groups, groups.size());
        max_groups = std::max(max_groups, groups.size());
        dealt.insert(dealt.end(), positions.begin(), positions.end());
      }
      std::ranges::sort(dealt);
      std::vector<std::size_t> all(cases.size());
      std::iota(all.begin(), all.end(), 0);
      EXPECT_EQ(dealt, all);
      EXPECT_LE(max_groups - min_groups, 1u) << count << " shards";
    }
  }
}

TEST(positions_of_shard, shard_without_a_group_is_empty) {
  const std::vector<benchmark_case> cases{case_of(100, 20, 20ms), case_of(100, 100, 20ms)};
  EXPECT_THAT(positions_of_shard(cases, {2, 3}), testing::ElementsAre(1));
  EXPECT_THAT(positions_of_shard(cases, {3, 3}), IsEmpty());
  EXPECT_THAT(positions_of_shard({}, {1, 1}), IsEmpty());
}

}  // namespace
}  // namespace farebench
