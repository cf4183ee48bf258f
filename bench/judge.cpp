#include "bench/judge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "bench/cases.hpp"
#include "bench/probe/raw_epoll.hpp"
#include "bench/probe/scrape_task.hpp"
#include "mock_server/site/numbered_page.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench {
namespace {

/// Dropped connections / connections of a case. A dropped connection begins a second or more late. The Beast
/// engine's queues hold any number of connections, unless net.core.somaxconn is below its default of 4,096;
/// cpp-httplib has one such queue for its 256.
constexpr double max_drop_share = 0.01;

/// CPU time of the sampler / wall time. The sampler runs on the cores that client and server use.
constexpr double max_sampler_share = 0.01;

/// CPU time of other programs / wall time, in cores. 65 rows of the workload light on two cores had at most
/// 0.18 (median 0.002) without other work and up to 0.64 beside a second bench. A compilation beside the
/// bench gave 1.4 to 2.0, and the client waited up to 57 % of the wall time for a core.
constexpr double max_other_cpu_share = 0.2;

/// Shares of the wall time that CPU quotas and the hypervisor took, added up over cores.
constexpr double max_throttled_share = 0.01;
constexpr double max_steal_share = 0.05;

/// Resolution of other_cpu_share and steal_share: two units of /proc/stat.
constexpr double proc_stat_resolution_ms = 20;

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>{time}.count();
}

/// Returns the maximum median lateness at which the client and not the server is measured: 5 % of an
/// exchange. That is the mean latency, or in a burst, where exchanges queue on purpose, the time that an
/// exchange took.
double max_lateness_ms(const benchmark_case& row, const measurement& measured, double ideal_ms) {
  double exchange_ms = milliseconds(row.latency.mean());
  if (row.kind == point_kind::burst && ideal_ms > 0) exchange_ms *= measured.wall_ms() / ideal_ms;
  return std::max(1.0, 0.05 * exchange_ms);
}

/// Returns the reason why the client's report cannot be right, or nothing.
std::string wrong_report(const benchmark_case& row, const measurement& measured,
                         const expected_results& expected, double ideal_ms) {
  const batch_report& report = measured.report;
  const std::string_view items = row.task == task_kind::scrape ? "days" : "items";
  if (report.outcomes != row.items)
    return fmt::format("{} outcomes for {} {}", report.outcomes, row.items, items);
  if (report.errors > 0) {
    return fmt::format("{} of {} {} failed, first: {}", report.errors, row.items, items,
                       report.first_errors.empty() ? "unknown" : report.first_errors.front());
  }
  if (row.task == task_kind::scrape) {
    if (report.fares && *report.fares != expected.fares)
      return fmt::format("wrong fares: {} instead of the site's {}", *report.fares, expected.fares);
    if (report.digest != expected.digest) return "wrong fares: they differ from the site's";
  } else if (report.digest != expected.digest) {
    return "wrong pages: they differ from the site's";
  }
  if (const auto& times = report.item_histogram; times && times->count() != report.outcomes) {
    return fmt::format("the client reports item_histogram with {} times for {} outcomes", times->count(),
                       report.outcomes);
  }
  if (measured.wall_ms() < ideal_ms) {
    return fmt::format(
        "{:.3f} ms beats the ideal of {:.3f} ms: {}", measured.wall_ms(), ideal_ms,
        row.program != nullptr ? "its wall_ms is wrong, or requests were left out" : "the suite has a bug");
  }
  if (measured.wall_ms() > measured.seen_wall_ms.value_or(measured.wall_ms())) {
    return fmt::format("the client reports {:.3f} ms for its batch, which took {:.3f} ms", measured.wall_ms(),
                       *measured.seen_wall_ms);
  }
  return {};
}

/// Returns the reason why the server's figures show a wrong client, or nothing.
std::string wrong_requests(const benchmark_case& row, const server_stats& server) {
  const std::string_view item = row.task == task_kind::scrape ? "day" : "item";
  const auto max_connections = row.max_connections();
  if (static_cast<double>(server.listen_drops) > max_drop_share * static_cast<double>(max_connections))
    return fmt::format("the listen queue overflowed: {} connections dropped", server.listen_drops);
  if (server.in_flight > 0)
    return fmt::format("{} requests were in flight when the client reported", server.in_flight);
  // A client with a pool needs fewer connections if its workers are not all busy at once, and may replace
  // some: Go closes one if it reads the response before its other goroutine has reported the request as
  // written.
  const bool may_open_fewer = row.program != nullptr && row.connections == connection_mode::kept;
  const auto replaced = may_open_fewer ? std::max<std::size_t>(max_connections / 100, 1) : 0;
  if (server.connections_accepted > max_connections + replaced ||
      (server.connections_accepted < max_connections && !may_open_fewer)) {
    return fmt::format("{} connections accepted instead of {}{}, one per {}", server.connections_accepted,
                       may_open_fewer ? "at most " : "", max_connections,
                       row.connections == connection_mode::kept ? "worker" : item);
  }
  if (server.requests != row.requests()) {
    return fmt::format("{} requests served for {} {}s instead of {} per {}", server.requests, row.items, item,
                       row.task == task_kind::scrape ? "two" : "one", item);
  }
  if (row.task == task_kind::scrape && server.sessions != row.items)
    return fmt::format("{} sessions started for {} days instead of one per day", server.sessions, row.items);
  if (server.in_flight_peak > row.active_workers()) {
    return fmt::format("{} requests in flight at once for {} workers", server.in_flight_peak,
                       row.active_workers());
  }
  return {};
}

/// Returns the reason why the machine withheld CPU time from client, server and bench, or nothing.
std::string missing_cpu_time(const measurement& measured) {
  const double throttled_share = measured.throttled_share.value_or(0);
  if (throttled_share > max_throttled_share) {
    return fmt::format("throttled: a CPU quota took {:.1f} % of the time (limit {:.0f} %); raise the quota",
                       100 * throttled_share, 100 * max_throttled_share);
  }
  const double steal_share = measured.steal_share.value_or(0);
  const double max_share = std::max(max_steal_share, proc_stat_resolution_ms / measured.wall_ms());
  if (steal_share > max_share) {
    return fmt::format("steal: the hypervisor took {:.1f} % of the time (limit {:.0f} %); use a quieter host",
                       100 * steal_share, 100 * max_share);
  }
  return {};
}

}  // namespace

expected_results results_of_site(const benchmark_case& row) {
  if (row.task == task_kind::get) {
    expected_results expected;
    for (std::size_t item = 0; item < row.items; ++item) {
      const auto body = page_body(static_cast<std::uint32_t>(item), row.page_kb);
      expected.digest += crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
    }
    return expected;
  }
  fares_digest digest;
  for (std::size_t day = 0; day < row.items; ++day) {
    const query search = query_of_day(day);
    digest.add(search.date, timetable(search, row.page_kb));
  }
  return {.fares = digest.fares(), .digest = digest.value()};
}

row_verdict judge(const benchmark_case& row, const measurement& measured, const expected_results& expected,
                  strictness strict) {
  const double ideal_ms = milliseconds(ideal_wall(row));
  auto reason = wrong_report(row, measured, expected, ideal_ms);
  if (reason.empty()) reason = wrong_requests(row, measured.server);
  if (!reason.empty() || strict == strictness::correctness_only) return {.failure = std::move(reason)};

  if (reason = missing_cpu_time(measured); !reason.empty())
    return {.failure = std::move(reason), .is_machines = true};

  const server_stats& server = measured.server;
  if (row.kind == point_kind::hold && server.in_flight_peak < row.active_workers()) {
    return {.failure = fmt::format("held {} of {} workers in flight at once: its memory is not comparable",
                                   server.in_flight_peak, row.active_workers())};
  }
  const double max_ms = max_lateness_ms(row, measured, ideal_ms);
  const bool is_late = server.late_p50_ms > max_ms;
  if (is_late && row.strategy != floor_strategy) {
    return {.failure = fmt::format("server-bound: median response {:.2f} ms late (limit {:.2f} ms)",
                                   server.late_p50_ms, max_ms),
            .is_machines = true};
  }

  std::vector<std::string> warnings;
  if (measured.is_server_elsewhere)
    warnings.emplace_back("a server elsewhere: the load of its machine and the network are not judged");
  if (is_late) {
    warnings.push_back(
        fmt::format("the floor is server-bound: median response {:.2f} ms late", server.late_p50_ms));
  } else if (server.late_p99_ms > max_ms) {
    warnings.push_back(fmt::format("server late: p99 {:.2f} ms (limit of the median {:.2f} ms)",
                                   server.late_p99_ms, max_ms));
  }
  if (server.listen_drops > 0)
    warnings.push_back(fmt::format("{} connections dropped from the listen queue", server.listen_drops));
  if (const double share = measured.memory.curve.sampler_cpu_share; share > max_sampler_share) {
    warnings.push_back(
        fmt::format("the sampler took {:.1f} % of a core: choose a longer --sample-every", 100 * share));
  }
  const double other_share = measured.other_cpu_share.value_or(0);
  if (other_share > std::max(max_other_cpu_share, proc_stat_resolution_ms / measured.wall_ms())) {
    auto text = fmt::format("loaded machine: other programs used {:.1f} cores", other_share);
    if (measured.run_queue_delay_ms)
      text += fmt::format(", the client waited {:.0f} ms for a core", *measured.run_queue_delay_ms);
    warnings.push_back(std::move(text));
  }
  return {.warning = fmt::format("{}", fmt::join(warnings, "; "))};
}

}  // namespace farebench
