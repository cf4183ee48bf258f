#include "bench/judge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases.hpp"
#include "bench/clients/clients.hpp"
#include "bench/probe/raw_epoll.hpp"
#include "bench/probe/scrape_task.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench {
namespace {

/// The most packets dropped at the listening socket, of a case's connections. A full queue drops
/// thousands; of 10,000 connections in a wave the kernel also drops some tens on their way there, when they
/// come faster than it takes them in (net.core.netdev_max_backlog).
constexpr double tolerated_drops = 0.01;

/// The most that the sampler may take of a core before a row says so: that core is one of those that the
/// client and the server run on.
constexpr double tolerated_sampler_share = 0.01;

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>{time}.count();
}

/// The most that the server may be late before it, and not the client, is what was measured: 5 % of what an
/// exchange takes. That is the latency, on average, but for a burst, where exchanges queue on purpose, what
/// they took.
double tolerated_lateness_ms(const benchmark_case& row, const measurement& seen) {
  const double ideal_ms = milliseconds(ideal_wall(row));
  double exchange_ms = milliseconds(row.latency.mean());
  if (row.kind == point_kind::burst && ideal_ms > 0) exchange_ms *= seen.report.wall_ms / ideal_ms;
  return std::max(1.0, 0.05 * exchange_ms);
}

std::optional<std::string> wrong_answers(const benchmark_case& row, const measurement& seen,
                                         const expected_fares& expected) {
  const batch_report& report = seen.report;
  if (report.outcomes != row.days) return fmt::format("{} outcomes for {} days", report.outcomes, row.days);
  if (report.errors > 0) {
    return fmt::format("{} of {} days failed, first: {}", report.errors, row.days,
                       report.first_errors.empty() ? "unknown" : report.first_errors.front());
  }
  if (report.fares != expected.fares) {
    return fmt::format("wrong answers: {} fares, the site holds {}", report.fares, expected.fares);
  }
  if (report.fares_digest != expected.digest)
    return "wrong answers: the fares differ from what the site holds";
  return std::nullopt;
}

}  // namespace

expected_fares fares_of_site(const benchmark_case& row) {
  fares_digest digest;
  for (std::size_t day = 0; day < row.days; ++day) {
    const query asked = query_of_day(day);
    digest.add(asked.date, timetable(asked, row.page_kb));
  }
  return {digest.fares(), digest.value()};
}

row_verdict judge(const benchmark_case& row, const measurement& seen, const expected_fares& expected,
                  strictness how) {
  if (const auto wrong = wrong_answers(row, seen, expected)) return {.failure = *wrong, .warning = {}};

  const double ideal_ms = milliseconds(ideal_wall(row));
  if (seen.report.wall_ms < ideal_ms) {
    return {.failure = fmt::format("{:.3f} ms beats the ideal of {:.3f} ms: the suite is wrong",
                                   seen.report.wall_ms, ideal_ms),
            .warning = {}};
  }
  if (static_cast<double>(seen.server.listen_drops) >
      tolerated_drops * static_cast<double>(row.connections())) {
    return {.failure =
                fmt::format("the listen queue overflowed: {} connections dropped", seen.server.listen_drops),
            .warning = {}};
  }
  if (seen.server.connections_accepted != row.connections()) {
    return {.failure = fmt::format("{} connections accepted for {} {}", seen.server.connections_accepted,
                                   row.connections(), is_python_client(row.strategy) ? "days" : "workers"),
            .warning = {}};
  }
  if (seen.server.requests != 2 * row.days) {
    return {.failure = fmt::format("the server answered {} requests for {} days of two", seen.server.requests,
                                   row.days),
            .warning = {}};
  }
  if (seen.server.in_flight_peak > row.active_workers()) {
    return {.failure = fmt::format("{} requests in flight at once for {} workers", seen.server.in_flight_peak,
                                   row.active_workers()),
            .warning = {}};
  }
  if (how == strictness::correctness_only) return {};

  if (row.kind == point_kind::hold && seen.server.in_flight_peak < row.active_workers()) {
    return {.failure = fmt::format("held {} of {} workers in flight at once: its memory would be flattered",
                                   seen.server.in_flight_peak, row.active_workers()),
            .warning = {}};
  }
  const double tolerated_ms = tolerated_lateness_ms(row, seen);
  const bool is_late = seen.server.late_p50_ms > tolerated_ms;
  if (is_late && row.strategy != floor_strategy) {
    return {.failure = fmt::format(
                "the server was what limited it: median answer {:.2f} ms late, tolerated {:.2f} ms",
                seen.server.late_p50_ms, tolerated_ms),
            .warning = {},
            .is_machines = true};
  }

  std::vector<std::string> warnings;
  if (is_late) {
    warnings.push_back(
        fmt::format("the floor is the server's here: median answer {:.2f} ms late", seen.server.late_p50_ms));
  } else if (seen.server.late_p99_ms > tolerated_ms) {
    warnings.push_back(fmt::format("server late: p99 {:.2f} ms, tolerated for the median {:.2f} ms",
                                   seen.server.late_p99_ms, tolerated_ms));
  }
  if (seen.server.listen_drops > 0) {
    warnings.push_back(fmt::format("{} packets dropped at the listening socket, and sent again later",
                                   seen.server.listen_drops));
  }
  if (const double share = seen.memory.curve.sampler_cpu_share; share > tolerated_sampler_share) {
    warnings.push_back(
        fmt::format("the sampler took {:.1f} % of a core: a longer --sample-every takes less", 100 * share));
  }
  return {.failure = {}, .warning = fmt::format("{}", fmt::join(warnings, "; "))};
}

}  // namespace farebench
