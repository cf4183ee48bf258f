#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mock_server/latency/latency_model.hpp"
#include "mock_server/server_stats.hpp"

namespace farebench {

/// Purpose of a case.
enum class point_kind {
  plain,
  /// Speed of a wave of all workers.
  burst,
  /// Cost of all workers in flight at once. The case fails if they were not.
  hold,
};

/// Returns "burst", "hold" or, for plain, nothing.
std::string_view to_string(point_kind kind);

/// Parameters of one row.
struct benchmark_case {
  std::string strategy;
  std::size_t workers;
  /// Of each response, in whole microseconds.
  latency_model latency;
  /// Size of a results page, in KiB.
  std::size_t page_kb;
  std::size_t days;
  engine_kind engine = default_engine;
  point_kind kind = point_kind::plain;
  /// Seed of random latencies.
  std::uint64_t seed = default_latency_seed;
  /// Event loops, each in a thread of the client.
  std::size_t loops = 1;

  /// Returns "fetch/strategy:thread_pool/workers:20/latency_ms:20/page_kb:3/days:100/engine:beast".
  /// - cpp-httplib, the engine of the first results, has no /engine part.
  /// - More than one loop: "fetch/strategy:coroutines/loops:2/…".
  /// - Random latencies: "latency_ms:uniform_10-30/seed:0", "latency_ms:lognormal_20_p99_80/seed:7".
  ///
  /// Names have no characters that a regular expression would need to escape.
  std::string name() const;
  /// Returns the part of the name without strategy and loops. Cases with the same point are comparable.
  std::string point() const;
  /// Returns the strategy for tables: "coroutines", "coroutines, 2 loops".
  std::string label() const;
  /// Returns the case for messages: "coroutines, 100 workers", "coroutines, 1 worker, hold, cpp-httplib".
  std::string title() const;
  /// Returns the maximum number of scrapes in flight: min(workers, days).
  std::size_t active_workers() const;
  /// Returns the number of connections that the client opens.
  std::size_t connections() const;
};

struct workload_point {
  latency_model latency;
  point_kind kind = point_kind::plain;
};

/// Parameters of a run, which cases_of() expands.
struct workload {
  std::vector<std::string> strategies;
  std::vector<std::size_t> workers;
  std::vector<workload_point> points;
  std::size_t page_kb;
  /// Absent: as many days as workers.
  std::optional<std::size_t> days;
  std::vector<engine_kind> engines = {default_engine};
  std::uint64_t seed = default_latency_seed;
  /// For strategies with event loops.
  std::vector<std::size_t> loops = {1};
};

/// Returns whether a strategy always has one worker.
bool has_one_worker(std::string_view strategy);

/// Returns the cases of a workload: all combinations of its parameters, without worker counts for strategies
/// that have one worker, and without loops for strategies that have none.
std::vector<benchmark_case> cases_of(const workload& parameters);

/// A workload for --workload.
struct named_workload {
  std::string_view name;
  std::string_view description;
  /// Without strategies.
  workload parameters;
};

/// Returns the workload of that name, or nullptr. The object lives as long as the program.
const named_workload* find_workload(std::string_view name);

std::vector<std::string_view> workload_names();
/// Returns "light: 100 days, …; article: …".
std::string workload_descriptions();

/// Returns the least possible wall time: ceil(days / workers) · 2 · latency, because a worker makes the two
/// exchanges of a scrape in sequence. `workers` ≥ 1.
std::chrono::nanoseconds ideal_wall(std::size_t days, std::size_t workers, std::chrono::nanoseconds latency);

/// Returns the least possible wall time of a case. For random latencies: max(sum / workers, longest day) of
/// the latencies that the server will draw; takes 4 ms for 10,000 days. Pure.
std::chrono::nanoseconds ideal_wall(const benchmark_case& row);

/// Maximum latency of a response. Clients abort a request after 30 s, and a late server must not cause
/// errors.
inline constexpr std::chrono::seconds max_latency{10};

/// Returns an error, in one line, if a response can take longer than max_latency, otherwise nothing. The tail
/// of a log-normal distribution is known, because the seed determines what the server draws. Pure.
std::string latency_error(const latency_model& latency, std::uint64_t seed, std::size_t days);

}  // namespace farebench
