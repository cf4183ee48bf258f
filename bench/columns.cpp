#include "bench/columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "bench/clients/clients.hpp"
#include "mock_server/latency/latency_model.hpp"

namespace farebench {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Memory that the kernel holds for a client outside of the client's own figures, measured on Linux 6: a
// kernel stack and task_struct per thread; a connected TCP socket with the bookkeeping of its buffers.
constexpr double kernel_bytes_per_thread = 22 * 1024;
constexpr double kernel_bytes_per_socket = 3 * 1024;

double in_ms(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>{time}.count();
}

template <typename Value>
Value required(const json& row, const char* member) {
  try {
    return row.at(member).get<Value>();
  } catch (const json::exception&) {
    throw std::invalid_argument{fmt::format("row without a valid \"{}\"", member)};
  }
}

std::size_t required_count(const json& row, const char* member) {
  const auto found = row.find(member);
  if (found == row.end() || !found->is_number_integer() || *found <= 0)
    throw std::invalid_argument{fmt::format("row without a valid \"{}\": not a positive integer", member)};
  return found->get<std::size_t>();
}

}  // namespace

std::string_view to_string(column_unit unit) {
  using enum column_unit;
  switch (unit) {
    case ms:
      return "ms";
    case us:
      return "us";
    case bytes:
      return "bytes";
    case ratio:
      return "ratio";
    case share:
      return "share";
    case count:
      return "count";
    case per_second:
      return "per_second";
  }
  return {};
}

std::string_view to_string(better_direction direction) {
  using enum better_direction;
  switch (direction) {
    case lower:
      return "lower";
    case higher:
      return "higher";
    case none:
      return "none";
  }
  return {};
}

std::span<const column> columns() {
  using enum column_unit;
  using enum better_direction;
  static constexpr std::array all{
      column{"real_time", ms, lower, "wall time of the batch, measured in the client", false},
      column{"ideal_ratio", ratio, lower,
             "real_time / ideal; ideal: ceil(items/workers) · requests per item · latency, with random "
             "latencies "
             "max(their sum/workers, longest item)",
             false},
      column{"requests_per_second", per_second, higher, "HTTP requests / real_time", false},
      column{"cpu_us_per_request", us, lower, "user and system time of the client / requests", false},
      column{"cpu_share", share, none,
             "user and system time of the client / real_time; above 1: more than one core", false},
      column{"rss_baseline_bytes", bytes, lower,
             "resident memory before the batch, with libraries initialised", false},
      column{"rss_peak_bytes", bytes, lower, "peak resident memory during the batch (VmHWM)", false},
      column{"rss_growth_bytes", bytes, lower, "rss_peak_bytes − rss_baseline_bytes"},
      column{"anon_peak_bytes", bytes, lower,
             "peak anonymous memory: heap and stacks, without file pages of libraries"},
      column{"bytes_per_worker", bytes, lower, "rss_growth_bytes / min(workers, items)"},
      column{"heap_peak_bytes", bytes, lower,
             "peak allocated memory, counted in an extra run that is not timed"},
      column{"allocations_per_request", count, lower,
             "allocations of the batch / requests, from the same run"},
      column{"kernel_estimate_bytes", bytes, lower,
             "threads · 22 KiB + sockets · 3 KiB + page tables (VmPTE)"},
      column{"threads_peak", count, lower, "peak number of threads, sampled"},
      column{"context_switches_per_request", count, lower, "voluntary and involuntary switches / requests"},
      column{"attempts_per_day", count, lower, "attempts, including retries / items"},
      column{"scrape_p50_ms", ms, lower, "median time of an item: a day's scrape (two requests), or one GET",
             true, distribution::item_times, 50},
      column{"scrape_p99_ms", ms, lower, "99th percentile of the same", true, distribution::item_times, 99},
      column{"server_late_p50_ms", ms, lower, "median delay of the server's responses beyond the latency",
             true, distribution::server_lateness, 50},
      column{"server_late_p99_ms", ms, lower, "99th percentile of the same", true,
             distribution::server_lateness, 99},
      column{"in_flight_peak", count, none, "peak number of requests in the server"},
      column{"sampler_cpu_share", share, lower, "CPU time of the memory sampler / real_time"},
      column{"run_queue_delay_ms", ms, lower,
             "time that threads of the client waited for a core; absent if a thread ended during the batch"},
      column{"other_cpu_share", share, lower,
             "CPU time of programs other than client, server and bench / real_time"},
      column{
          "throttled_share", share, lower,
          "time for which a CPU quota stopped the bench and its processes / real_time, added up over cores"},
      column{"steal_share", share, lower,
             "time that the hypervisor took from the machine / real_time, added up over cores"},
      column{"fares", count, none, "fares found, checked against those of the site; absent for the task get"},
      column{"errors", count, lower, "items without a result"},
  };
  return all;
}

std::vector<std::string> counter_names() {
  std::vector<std::string> names;
  for (const column& one : columns().subspan(1)) names.emplace_back(one.name);
  return names;
}

std::map<std::string, double> column_values(const benchmark_case& row, const measurement& measured,
                                            const std::optional<counted_run>& counted) {
  const auto number = [](auto value) { return static_cast<double>(value); };
  const auto& report = measured.report;
  const auto& memory = measured.memory;
  const auto& server = measured.server;
  const double requests = number(server.requests);
  const double growth =
      number(memory.end.rss_peak_bytes - std::min(memory.end.rss_peak_bytes, memory.baseline.rss_bytes));

  std::map<std::string, double> values{
      {"rss_baseline_bytes", number(memory.baseline.rss_bytes)},
      {"rss_peak_bytes", number(memory.end.rss_peak_bytes)},
      {"rss_growth_bytes", growth},
      {"anon_peak_bytes", number(memory.anon_peak_bytes)},
      {"bytes_per_worker", growth / number(row.active_workers())},
      {"threads_peak", number(memory.threads_peak)},
      {"server_late_p50_ms", server.late_p50_ms},
      {"server_late_p99_ms", server.late_p99_ms},
      {"sampler_cpu_share", memory.curve.sampler_cpu_share},
      {"in_flight_peak", number(server.in_flight_peak)},
      {"errors", number(report.errors)},
  };
  if (report.item_histogram) {
    for (const column& one : columns())
      if (one.percentile_of == distribution::item_times)
        values[std::string{one.name}] = report.item_histogram->percentile_ms(one.percent);
  } else {
    if (report.item_p50_ms) values["scrape_p50_ms"] = *report.item_p50_ms;
    if (report.item_p99_ms) values["scrape_p99_ms"] = *report.item_p99_ms;
  }
  if (report.fares) values["fares"] = number(*report.fares);
  if (report.attempts) values["attempts_per_day"] = *report.attempts / number(row.items);
  if (measured.run_queue_delay_ms) values["run_queue_delay_ms"] = *measured.run_queue_delay_ms;
  if (measured.other_cpu_share) values["other_cpu_share"] = *measured.other_cpu_share;
  if (measured.throttled_share) values["throttled_share"] = *measured.throttled_share;
  if (measured.steal_share) values["steal_share"] = *measured.steal_share;
  if (const double ideal_ms = in_ms(ideal_wall(row)); ideal_ms > 0)
    values["ideal_ratio"] = measured.wall_ms() / ideal_ms;
  if (measured.wall_ms() > 0) {
    values["requests_per_second"] = requests / measured.wall_ms() * 1e3;
    if (report.cpu_us) values["cpu_share"] = *report.cpu_us / (measured.wall_ms() * 1e3);
  }
  if (requests > 0) {
    if (report.cpu_us) values["cpu_us_per_request"] = *report.cpu_us / requests;
    if (report.context_switches)
      values["context_switches_per_request"] = number(*report.context_switches) / requests;
  }
  if (counted) {
    values["kernel_estimate_bytes"] = number(memory.threads_peak) * kernel_bytes_per_thread +
                                      number(counted->sockets_peak) * kernel_bytes_per_socket +
                                      number(memory.page_table_peak_bytes);
    if (counted->heap_peak_bytes) values["heap_peak_bytes"] = number(*counted->heap_peak_bytes);
    if (counted->allocations && counted->requests > 0)
      values["allocations_per_request"] = number(*counted->allocations) / number(counted->requests);
  }
  return values;
}

ordered_json schema_json(std::span<const benchmark_case> rows) {
  ordered_json schema{
      {"version", 1}, {"columns", ordered_json::array()}, {"strategies", ordered_json::array()}};
  for (const column& one : columns()) {
    schema["columns"].push_back({{"name", one.name},
                                 {"unit", to_string(one.unit)},
                                 {"better", to_string(one.better)},
                                 {"meaning", one.meaning}});
  }
  const auto add = [&](const client_info& client) {
    schema["strategies"].push_back({{"name", client.name},
                                    {"label", client.label},
                                    {"family", client.family},
                                    {"language", client.language},
                                    {"transport", client.transport},
                                    {"control_flow", client.control_flow},
                                    {"code_changes", client.code_changes}});
  };
  for (const client_info& client : probe_clients()) {
    if (std::ranges::find(rows, client.name, &benchmark_case::strategy) != rows.end()) add(client);
  }
  std::set<const client_program*> added;
  for (const auto& row : rows) {
    if (row.program != nullptr && added.insert(row.program.get()).second) add(row.program->info);
  }
  return schema;
}

ordered_json parameters_json(const benchmark_case& row) {
  const bool is_scrape = row.task == task_kind::scrape;
  ordered_json members{{"strategy", row.strategy},
                       {"workers", row.workers},
                       {"loops", row.loops},
                       {is_scrape ? "days" : "items", row.items},
                       {"page_kb", row.page_kb},
                       {"latency", format_latency(row.latency)},
                       {"latency_ms", in_ms(row.latency.mean())},
                       {"engine", to_string(row.engine)}};
  if (!is_scrape) members["task"] = to_string(row.task);
  if (row.connections != connection_mode::kept) members["connections"] = to_string(row.connections);
  if (row.warm_up != 0) members["warm_up"] = row.warm_up;
  if (!row.latency.is_fixed()) members["seed"] = row.seed;
  if (row.kind != point_kind::plain) members["kind"] = to_string(row.kind);
  return members;
}

benchmark_case parse_parameters(const json& row) {
  const auto latency = parse_latency(required<std::string>(row, "latency"));
  if (!latency) throw std::invalid_argument{"row without a valid \"latency\": " + latency.error()};
  const auto engine_name = required<std::string>(row, "engine");
  const auto engine = parse_engine_kind(engine_name);
  if (!engine) throw std::invalid_argument{fmt::format("row with an unknown \"engine\": '{}'", engine_name)};

  benchmark_case parsed{.strategy = required<std::string>(row, "strategy"),
                        .workers = required_count(row, "workers"),
                        .latency = *latency,
                        .page_kb = required_count(row, "page_kb"),
                        .items = required_count(row, row.contains("items") ? "items" : "days"),
                        .engine = *engine,
                        .loops = required_count(row, "loops")};
  if (row.contains("task")) {
    const auto name = required<std::string>(row, "task");
    const auto task = parse_task(name);
    if (!task) throw std::invalid_argument{fmt::format("row with an unknown \"task\": '{}'", name)};
    parsed.task = *task;
  }
  if (row.contains("connections")) {
    const auto name = required<std::string>(row, "connections");
    const auto mode = parse_connection_mode(name);
    if (!mode) throw std::invalid_argument{fmt::format("row with unknown \"connections\": '{}'", name)};
    parsed.connections = *mode;
  }
  if (row.contains("warm_up")) parsed.warm_up = required_count(row, "warm_up");
  if (const auto seed = row.find("seed"); seed != row.end()) {
    if (!seed->is_number_unsigned()) throw std::invalid_argument{"row without a valid \"seed\""};
    parsed.seed = seed->get<std::uint64_t>();
  }
  if (row.contains("kind")) {
    const auto kind = required<std::string>(row, "kind");
    if (kind != to_string(point_kind::burst) && kind != to_string(point_kind::hold))
      throw std::invalid_argument{fmt::format("row with an unknown \"kind\": '{}'", kind)};
    parsed.kind = kind == to_string(point_kind::hold) ? point_kind::hold : point_kind::burst;
  }
  return parsed;
}

}  // namespace farebench
