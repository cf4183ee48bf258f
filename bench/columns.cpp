#include "bench/columns.hpp"

#include <algorithm>
#include <chrono>

#include "bench/cases.hpp"

namespace farebench {
namespace {

// What the kernel holds for a client and no figure of its process shows (measured on Linux 6.x):
// a thread's kernel stack and task_struct, a connected TCP socket with its buffers' bookkeeping.
constexpr double kernel_bytes_a_thread = 22 * 1024;
constexpr double kernel_bytes_a_socket = 3 * 1024;

}  // namespace

const std::vector<column_meaning>& column_meanings() {
  static const std::vector<column_meaning> meanings{
      {"ideal_ratio",
       "wall time / ideal, ideal = ceil(days/workers) · 2 · latency, or of random latencies max(sum/workers, "
       "longest day); absent at zero latency"},
      {"requests_per_second", "HTTP requests that the server answered / wall time"},
      {"cpu_us_per_request", "user + system time of the client / requests"},
      {"cpu_share",
       "user + system time of the client / wall time: the rest was waiting; above 1: more than one core"},
      {"rss_baseline_bytes", "resident memory with the libraries initialised and nothing fetched"},
      {"rss_peak_bytes", "most resident memory during the batch (VmHWM)"},
      {"rss_growth_bytes", "rss_peak_bytes − rss_baseline_bytes"},
      {"anon_peak_bytes", "most anonymous memory: heap and stacks, without the libraries' file pages"},
      {"bytes_per_worker", "rss_growth_bytes / workers that had work, at most one a day"},
      {"heap_peak_bytes", "most bytes allocated at once, counted in one extra, untimed run"},
      {"allocations_per_request", "allocations of the batch / requests, from the same run"},
      {"kernel_estimate_bytes", "threads · 22 KiB + sockets · 3 KiB + page tables (VmPTE)"},
      {"threads_peak", "most threads at once, sampled"},
      {"context_switches_per_request", "voluntary and involuntary / requests"},
      {"attempts_per_day", "attempts at days, repeats included / days; 1 where nothing had to be repeated"},
      {"scrape_p50_ms", "median time of one day's scrape, both requests"},
      {"scrape_p99_ms", "its 99th percentile"},
      {"server_late_p50_ms", "how much later than asked the server answered: median"},
      {"server_late_p99_ms", "its 99th percentile"},
      {"in_flight_peak", "most requests that the server held at once"},
      {"sampler_cpu_share",
       "what watching the client's memory cost: the sampler's own CPU time / wall time, of one core"},
      {"run_queue_delay_ms",
       "time that the client's threads were ready to run but waited for a core; absent if some ended early"},
      {"other_cpu_share",
       "CPU time of programs other than client, server and bench / wall time, of one core"},
      {"fares", "fares brought home; checked against what the site holds"},
      {"errors", "days that came home with an error"},
  };
  return meanings;
}

std::vector<std::string> column_names() {
  std::vector<std::string> names;
  for (const auto& column : column_meanings()) names.push_back(column.name);
  return names;
}

std::map<std::string, double> columns(const benchmark_case& row, const measurement& seen,
                                      const std::optional<counted_run>& counted) {
  const auto number = [](auto value) { return static_cast<double>(value); };
  const double requests = number(seen.server.requests);
  const double growth = number(seen.memory.end.rss_peak_bytes -
                               std::min(seen.memory.end.rss_peak_bytes, seen.memory.baseline.rss_bytes));
  const double ideal_ms = std::chrono::duration<double, std::milli>{ideal_wall(row)}.count();

  std::map<std::string, double> out{
      {"rss_baseline_bytes", number(seen.memory.baseline.rss_bytes)},
      {"rss_peak_bytes", number(seen.memory.end.rss_peak_bytes)},
      {"rss_growth_bytes", growth},
      {"anon_peak_bytes", number(seen.memory.anon_peak_bytes)},
      {"bytes_per_worker", growth / number(row.active_workers())},
      {"threads_peak", number(seen.memory.threads_peak)},
      {"scrape_p50_ms", seen.report.scrape_p50_ms},
      {"scrape_p99_ms", seen.report.scrape_p99_ms},
      {"server_late_p50_ms", seen.server.late_p50_ms},
      {"server_late_p99_ms", seen.server.late_p99_ms},
      {"sampler_cpu_share", seen.memory.curve.sampler_cpu_share},
      {"in_flight_peak", number(seen.server.in_flight_peak)},
      {"fares", number(seen.report.fares)},
      {"errors", number(seen.report.errors)},
  };
  if (seen.report.attempts) out["attempts_per_day"] = *seen.report.attempts / number(row.days);
  if (seen.run_queue_delay_ms) out["run_queue_delay_ms"] = *seen.run_queue_delay_ms;
  if (seen.other_cpu_share) out["other_cpu_share"] = *seen.other_cpu_share;
  if (ideal_ms > 0) out["ideal_ratio"] = seen.report.wall_ms / ideal_ms;
  if (seen.report.wall_ms > 0) {
    out["requests_per_second"] = requests / seen.report.wall_ms * 1e3;
    out["cpu_share"] = seen.report.cpu_us / (seen.report.wall_ms * 1e3);
  }
  if (requests > 0) {
    out["cpu_us_per_request"] = seen.report.cpu_us / requests;
    out["context_switches_per_request"] = number(seen.report.context_switches) / requests;
  }
  if (counted) {
    out["kernel_estimate_bytes"] = number(seen.memory.threads_peak) * kernel_bytes_a_thread +
                                   number(counted->sockets_peak) * kernel_bytes_a_socket +
                                   number(seen.memory.page_table_peak_bytes);
    if (counted->heap_peak_bytes) out["heap_peak_bytes"] = number(*counted->heap_peak_bytes);
    if (counted->allocations && counted->requests > 0) {
      out["allocations_per_request"] = number(*counted->allocations) / number(counted->requests);
    }
  }
  return out;
}

}  // namespace farebench
