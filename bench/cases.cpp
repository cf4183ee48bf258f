#include "bench/cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "bench/clients/clients.hpp"
#include "bench/probe/scrape_task.hpp"
#include "lib/system/command_line.hpp"
#include "mock_server/latency/latency_model.hpp"

namespace farebench {
namespace {

/// "20"; "uniform_10-30/seed:0"; "lognormal_20_p99_80/seed:0".
std::string latency_in_name(const latency_model& latency, std::uint64_t seed) {
  const auto in_ms = [](std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::milli>{time}.count();
  };
  switch (latency.kind()) {
    case latency_model::shape::uniform:
      return fmt::format("uniform_{}-{}/seed:{}", in_ms(latency.first()), in_ms(latency.second()), seed);
    case latency_model::shape::lognormal:
      return fmt::format("lognormal_{}_p99_{}/seed:{}", in_ms(latency.first()), in_ms(latency.second()),
                         seed);
    case latency_model::shape::fixed:
      break;
  }
  return fmt::format("{}", in_ms(latency.first()));
}

bool has_event_loops(std::string_view strategy) {
  const client_info* const info = find_client(strategy);
  return info != nullptr && info->uses_loops;
}

}  // namespace

std::string_view to_string(point_kind kind) {
  switch (kind) {
    case point_kind::plain:
      return {};
    case point_kind::burst:
      return "burst";
    case point_kind::hold:
      return "hold";
  }
  return {};
}

std::string benchmark_case::name() const {
  const auto on_loops = loops == 1 ? std::string{} : fmt::format("/loops:{}", loops);
  return fmt::format("fetch/strategy:{}{}/{}", strategy, on_loops, point());
}

std::string benchmark_case::label() const {
  return loops == 1 ? strategy : fmt::format("{}, {} loops", strategy, loops);
}

std::string benchmark_case::point() const {
  auto text = fmt::format("workers:{}/latency_ms:{}/page_kb:{}/days:{}", workers,
                          latency_in_name(latency, seed), page_kb, days);
  if (engine != engine_kind::cpp_httplib) text += fmt::format("/engine:{}", to_string(engine));
  return text;
}

std::size_t benchmark_case::active_workers() const { return std::min(workers, days); }

std::size_t benchmark_case::connections() const {
  const client_info* const info = find_client(strategy);
  return info != nullptr && info->connection_per_day ? days : active_workers();
}

bool has_one_worker(std::string_view strategy) {
  const client_info* const info = find_client(strategy);
  return info != nullptr && !info->uses_workers;
}

std::vector<benchmark_case> cases_of(const workload& what) {
  std::vector<benchmark_case> cases;
  for (const auto& point : what.points) {
    for (const std::string& strategy : what.strategies) {
      const auto worker_counts = has_one_worker(strategy) ? std::vector<std::size_t>{1} : what.workers;
      const auto loop_counts = has_event_loops(strategy) ? what.loops : std::vector<std::size_t>{1};
      for (const std::size_t loops : loop_counts) {
        for (const std::size_t workers : worker_counts) {
          for (const engine_kind engine : what.engines) {
            cases.push_back({.strategy = strategy,
                             .workers = workers,
                             .latency = point.latency,
                             .page_kb = what.page_kb,
                             .days = what.days.value_or(workers),
                             .engine = engine,
                             .kind = point.kind,
                             .seed = what.seed,
                             .loops = loops});
          }
        }
      }
    }
  }
  return cases;
}

namespace {

using namespace std::chrono_literals;

const std::array<named_workload, 3>& all() {
  static const std::array<named_workload, 3> workloads{{
      {.name = "light",
       .meaning = "100 days, 20 ms a response, 3 KiB pages",
       .what = {.strategies = {}, .workers = {20, 100}, .points = {{20ms}}, .page_kb = 3, .days = 100}},
      {.name = "article",
       .meaning = "100 days, 145 ms a response, 94 KiB pages: the Python comparison's",
       .what = {.strategies = {}, .workers = {20, 100}, .points = {{145ms}}, .page_kb = 94, .days = 100}},
      {.name = "scale",
       .meaning =
           "100, 1,000 and 10,000 workers with a day each, 3 KiB pages, in a burst (50 ms) and on hold "
           "(1 s: all in flight at once)",
       .what = {.strategies = {},
                .workers = {100, 1'000, 10'000},
                .points = {{50ms, point_kind::burst}, {1s, point_kind::hold}},
                .page_kb = 3,
                .days = std::nullopt}},
  }};
  return workloads;
}

}  // namespace

const named_workload* find_workload(std::string_view name) {
  const auto found = std::ranges::find(all(), name, &named_workload::name);
  return found == all().end() ? nullptr : &*found;
}

std::vector<std::string_view> workload_names() {
  std::vector<std::string_view> names;
  for (const auto& one : all()) names.push_back(one.name);
  return names;
}

std::string workload_meanings() {
  std::string text;
  for (const auto& one : all())
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", one.name, one.meaning);
  return text;
}

std::chrono::nanoseconds ideal_wall(std::size_t days, std::size_t workers, std::chrono::nanoseconds latency) {
  constexpr std::size_t exchanges_a_scrape = 2;
  const std::size_t waves = (days + workers - 1) / workers;
  return latency * static_cast<std::int64_t>(waves * exchanges_a_scrape);
}

std::chrono::nanoseconds ideal_wall(const benchmark_case& row) {
  if (row.latency.is_fixed()) return ideal_wall(row.days, row.workers, row.latency.first());
  return min_wall(latencies_of(row.latency, row.seed, queries_of_days(row.days)), row.workers);
}

std::string complaint_about_length(const latency_model& latency, std::uint64_t seed, std::size_t days) {
  auto reason =
      fmt::format("at most {}: a client gives a request up after 30 s", format_duration(longest_latency));
  if (latency.second() > longest_latency) return reason;
  if (latency.kind() != latency_model::shape::lognormal) return {};
  const auto longest = latencies_of(latency, seed, queries_of_days(days)).max_exchange();
  if (longest <= longest_latency) return {};
  return fmt::format("{} with --seed {} draws {}; {}", format_latency(latency), seed,
                     format_duration(std::chrono::ceil<std::chrono::milliseconds>(longest)), reason);
}

}  // namespace farebench
