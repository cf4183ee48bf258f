#include "bench/cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include "bench/clients/clients.hpp"
#include "bench/probe/scrape_task.hpp"
#include "farebench/native.hpp"
#include "lib/system/quantities.hpp"
#include "mock_server/latency/latency_model.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

/// Returns "20", "uniform_10-30/seed:0" or "lognormal_20_p99_80/seed:0".
std::string latency_in_name(const latency_model& latency, std::uint64_t seed) {
  const auto ms = [](std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::milli>{time}.count();
  };
  switch (latency.kind()) {
    case latency_model::shape::uniform:
      return fmt::format("uniform_{}-{}/seed:{}", ms(latency.first()), ms(latency.second()), seed);
    case latency_model::shape::lognormal:
      return fmt::format("lognormal_{}_p99_{}/seed:{}", ms(latency.first()), ms(latency.second()), seed);
    case latency_model::shape::fixed:
      break;
  }
  return fmt::format("{}", ms(latency.first()));
}

const std::array<named_workload, 4>& named_workloads() {
  static const std::array<named_workload, 4> workloads{{
      {.name = "light",
       .description = "100 days, 20 ms per response, 3 KiB pages",
       .parameters =
           {.strategies = {}, .workers = {20, 100}, .points = {{20ms}}, .page_kb = 3, .items = 100}},
      {.name = "article",
       .description = "100 days, 145 ms per response, 94 KiB pages, as in the Python comparison",
       .parameters =
           {.strategies = {}, .workers = {20, 100}, .points = {{145ms}}, .page_kb = 94, .items = 100}},
      {.name = "scale",
       .description =
           "100, 1,000 and 10,000 workers with one day each, 3 KiB pages, as a burst (50 ms) and on "
           "hold (1 s: all in flight at once)",
       .parameters = {.strategies = {},
                      .workers = {100, 1'000, 10'000},
                      .points = {{50ms, point_kind::burst}, {1s, point_kind::hold}},
                      .page_kb = 3,
                      .items = std::nullopt}},
      {.name = "get",
       .description = "100 plain GETs (--task get), 20 ms per response, 3 KiB pages",
       .parameters = {.strategies = {},
                      .workers = {20, 100},
                      .points = {{20ms}},
                      .page_kb = 3,
                      .items = 100,
                      .tasks = {task_kind::get}}},
  }};
  return workloads;
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
  const auto client = split_client_name(strategy);
  auto text = fmt::format("fetch/strategy:{}", client.strategy);
  if (!client.transport.empty()) text += fmt::format("/transport:{}", client.transport);
  if (loops != 1) text += fmt::format("/loops:{}", loops);
  return fmt::format("{}/{}", text, point());
}

std::string benchmark_case::title() const {
  auto text = fmt::format("{}, {} worker{}", label(), workers, workers == 1 ? "" : "s");
  if (task != task_kind::scrape) text += fmt::format(", {}", to_string(task));
  if (kind != point_kind::plain) text += fmt::format(", {}", to_string(kind));
  if (engine != default_engine) text += fmt::format(", {}", to_string(engine));
  return text;
}

std::string benchmark_case::point() const {
  const bool is_scrape = task == task_kind::scrape;
  auto text = is_scrape ? std::string{} : fmt::format("task:{}/", to_string(task));
  text += fmt::format("workers:{}/latency_ms:{}/page_kb:{}/{}:{}", workers, latency_in_name(latency, seed),
                      page_kb, is_scrape ? "days" : "items", items);
  if (connections != connection_mode::kept) text += fmt::format("/connections:{}", to_string(connections));
  if (warm_up != 0) text += fmt::format("/warm_up:{}", warm_up);
  if (engine != engine_kind::cpp_httplib) text += fmt::format("/engine:{}", to_string(engine));
  return text;
}

std::string benchmark_case::label() const {
  auto text = strategy;
  if (loops != 1) text += fmt::format(", {} loops", loops);
  if (connections != connection_mode::kept) text += fmt::format(", {}", to_string(connections));
  return text;
}

bool benchmark_case::is_native() const {
  return split_client_name(strategy).transport == native_transport().name();
}

std::size_t benchmark_case::active_workers() const { return std::min(workers, items); }

std::size_t benchmark_case::max_connections() const {
  return connections == connection_mode::kept ? active_workers() : items;
}

bool has_one_worker(std::string_view strategy) {
  const client_info* const info = find_probe_client(strategy);
  return info != nullptr && !info->uses_workers;
}

std::vector<benchmark_case> cases_of(const workload& parameters) {
  std::vector<benchmark_case> cases;
  const auto add_client = [&](task_kind task, const workload_point& point, const client_info& info,
                              const client_program_ptr& program) {
    const std::vector<std::size_t> one{1};
    for (const std::size_t loops : info.uses_loops ? parameters.loops : one) {
      for (const std::size_t workers : info.uses_workers ? parameters.workers : one) {
        for (const engine_kind engine : parameters.engines) {
          for (const connection_mode connections : parameters.connections) {
            cases.push_back({.strategy = info.name,
                             .workers = workers,
                             .latency = point.latency,
                             .page_kb = parameters.page_kb,
                             .items = parameters.items.value_or(workers),
                             .engine = engine,
                             .kind = point.kind,
                             .seed = parameters.seed,
                             .loops = loops,
                             .task = task,
                             .connections = connections,
                             .warm_up = parameters.warm_up,
                             .program = program});
          }
        }
      }
    }
  };
  for (const task_kind task : parameters.tasks) {
    for (const auto& point : parameters.points) {
      for (const std::string& strategy : parameters.strategies) {
        const client_info* const info = find_probe_client(strategy);
        add_client(task, point, info != nullptr ? *info : client_info{.name = strategy, .label = strategy},
                   nullptr);
      }
      for (const auto& program : parameters.programs) add_client(task, point, program->info, program);
    }
  }
  return cases;
}

std::vector<std::size_t> positions_of_shard(const std::vector<benchmark_case>& cases, const shard& part) {
  std::vector<std::size_t> positions;
  std::map<std::string, std::size_t> groups;
  for (std::size_t position = 0; position < cases.size(); ++position) {
    const auto& row = cases[position];
    const auto name = fmt::format("{}/{}", to_string(row.kind), row.point());
    const auto group = groups.try_emplace(name, groups.size()).first->second;
    if (group % part.count == part.index - 1) positions.push_back(position);
  }
  return positions;
}

const named_workload* find_workload(std::string_view name) {
  const auto found = std::ranges::find(named_workloads(), name, &named_workload::name);
  return found == named_workloads().end() ? nullptr : &*found;
}

std::vector<std::string_view> workload_names() {
  std::vector<std::string_view> names;
  for (const auto& workload : named_workloads()) names.push_back(workload.name);
  return names;
}

std::string workload_descriptions() {
  std::string text;
  for (const auto& workload : named_workloads())
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", workload.name, workload.description);
  return text;
}

std::chrono::nanoseconds ideal_wall(const benchmark_case& row) {
  if (row.latency.is_fixed()) {
    const std::size_t waves = (row.items + row.workers - 1) / row.workers;
    return row.latency.first() * static_cast<std::int64_t>(waves * exchanges_per_item(row.task));
  }
  if (row.task == task_kind::get)
    return min_wall(latencies_of_pages(row.latency, row.seed, static_cast<std::uint32_t>(row.items)),
                    row.workers);
  return min_wall(latencies_of(row.latency, row.seed, queries_of_days(row.items)), row.workers);
}

std::string latency_error(const latency_model& latency, std::uint64_t seed, task_kind task,
                          std::size_t items) {
  const auto limit =
      fmt::format("at most {}, because clients abort a request after 30 s", format_duration(max_latency));
  if (latency.second() > max_latency) return fmt::format("{}: {}", format_latency(latency), limit);
  if (latency.kind() != latency_model::shape::lognormal) return {};
  const auto longest =
      task == task_kind::get
          ? latencies_of_pages(latency, seed, static_cast<std::uint32_t>(items)).max_exchange()
          : latencies_of(latency, seed, queries_of_days(items)).max_exchange();
  if (longest <= max_latency) return {};
  return fmt::format("{} with --seed {} draws {}; {}", format_latency(latency), seed,
                     format_duration(std::chrono::ceil<std::chrono::milliseconds>(longest)), limit);
}

}  // namespace farebench
