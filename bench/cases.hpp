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

/// What a case is there to show, and so what is asked of it.
enum class point_kind {
  plain,
  burst,  ///< how fast a wave of all workers goes through
  hold,   ///< what all workers cost while they are in flight at once; fails when they were not
};

/// "burst", "hold"; nothing for plain.
std::string_view to_string(point_kind kind);

/// One row of the table: what is run, against what.
struct benchmark_case {
  std::string strategy;
  std::size_t workers;
  latency_model latency;  ///< of each response, to the microsecond
  std::size_t page_kb;    ///< size of a results page, in KiB
  std::size_t days;
  engine_kind engine = default_engine;
  point_kind kind = point_kind::plain;
  std::uint64_t seed = default_latency_seed;  ///< of the latencies, when they are random
  std::size_t loops = 1;                      ///< event loops, each on a thread of the client's

  /// "fetch/strategy:thread_pool/workers:20/latency_ms:20/page_kb:3/days:100/engine:beast". A name without an
  /// engine is one of cpp-httplib, which was the default when the first results were recorded. Several loops
  /// are named too ("fetch/strategy:coroutines/loops:2/…"), and so are the distribution and the seed of
  /// random latencies: "latency_ms:uniform_10-30/seed:0", "latency_ms:lognormal_20_p99_80/seed:7". A
  /// --benchmark_filter has nothing to escape in them.
  std::string name() const;
  /// The same without the strategy and its loops: equal for cases that can be compared with each other.
  std::string point() const;
  /// The strategy as tables show it: "coroutines", "coroutines, 2 loops".
  std::string label() const;
  /// How many scrapes can be in flight: min(workers, days).
  std::size_t active_workers() const;
  /// How many connections the server must have accepted: one a worker that had work, of a peer one a day.
  std::size_t connections() const;
};

/// A latency to measure at, and what for.
struct workload_point {
  latency_model latency;
  point_kind kind = point_kind::plain;
};

/// What to measure, before it is spread out into cases.
struct workload {
  std::vector<std::string> strategies;
  std::vector<std::size_t> workers;
  std::vector<workload_point> points;
  std::size_t page_kb;
  std::optional<std::size_t> days;  ///< absent: as many as workers
  std::vector<engine_kind> engines = {default_engine};
  std::uint64_t seed = default_latency_seed;
  std::vector<std::size_t> loops = {1};  ///< of the strategies that have event loops
};

/// Whether it does one day after the other, whatever number of workers is asked for.
bool has_one_worker(std::string_view strategy);

/// A case for each point, strategy, number of loops, worker count and engine; of a strategy with one worker,
/// one a point.
std::vector<benchmark_case> cases_of(const workload& what);

/// A workload that --workload knows.
struct named_workload {
  std::string_view name;
  std::string_view meaning;  ///< for people
  workload what;             ///< but for its strategies, which are chosen for each run
};

/// nullptr when there is none of that name. Lives for ever.
const named_workload* find_workload(std::string_view name);

std::vector<std::string_view> workload_names();
/// "light: 100 days, …; article: …"
std::string workload_meanings();

/// The time that no client can beat: ceil(N/W) · 2 · L. Each of W workers makes the two exchanges of a
/// scrape one after the other, and each exchange takes the server at least L.
/// `workers` ≥ 1.
std::chrono::nanoseconds ideal_wall(std::size_t days, std::size_t workers, std::chrono::nanoseconds latency);

/// Of a case: that, where its latency is fixed. Where it is random, min_wall of what a fresh server draws
/// for the case's days and seed: max(sum / W, longest day). Pure, but then in time that grows with the days:
/// 4 ms for 10,000.
std::chrono::nanoseconds ideal_wall(const benchmark_case& row);

/// No response may be asked to take longer: a client gives a request up after 30 s, and a late server must
/// not turn a measurement into errors.
inline constexpr std::chrono::seconds longest_latency{10};

/// Why a batch of so many days cannot be measured with a latency, in one line, or nothing. Of a log-normal
/// the tail counts too, and not by chance: what the server will draw with that seed is known. Pure.
std::string complaint_about_length(const latency_model& latency, std::uint64_t seed, std::size_t days);

}  // namespace farebench
