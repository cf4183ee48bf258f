#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/clients/clients.hpp"
#include "bench/probe/client_protocol.hpp"
#include "farebench/strategy.hpp"
#include "lib/system/shard.hpp"
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
  /// Name of the client: see client_info::name.
  std::string strategy;
  std::size_t workers;
  /// Of each response, in whole microseconds.
  latency_model latency;
  /// Size of a page, in KiB.
  std::size_t page_kb;
  /// Number of items: of the task scrape, days.
  std::size_t items;
  engine_kind engine = default_engine;
  point_kind kind = point_kind::plain;
  /// Seed of random latencies.
  std::uint64_t seed = default_latency_seed;
  /// Event loops, each in a thread of the client.
  std::size_t loops = 1;
  task_kind task = task_kind::scrape;
  connection_mode connections = connection_mode::kept;
  /// Items that the client runs before the batch.
  std::size_t warm_up = 0;
  /// Program of the client; null if a probe runs it.
  client_program_ptr program = nullptr;

  /// Returns "fetch/strategy:thread_pool/workers:20/latency_ms:20/page_kb:3/days:100/engine:beast".
  /// - Task get: "fetch/strategy:thread_pool/task:get/workers:20/latency_ms:20/page_kb:3/items:100/…".
  /// - Fresh connections: "…/days:100/connections:fresh/…". Warm-up: "…/days:100/warm_up:50/…".
  /// - cpp-httplib, the engine of the first results, has no /engine part.
  /// - Another transport than libcurl: "fetch/strategy:coroutines/transport:native/…".
  /// - More than one loop: "fetch/strategy:coroutines/loops:2/…".
  /// - Random latencies: "latency_ms:uniform_10-30/seed:0", "latency_ms:lognormal_20_p99_80/seed:7".
  ///
  /// Names have no characters that a regular expression would need to escape.
  std::string name() const;
  /// Returns the part of the name without strategy, transport and loops. Cases with the same point are
  /// comparable.
  std::string point() const;
  /// Returns the client for tables: "coroutines/native", "coroutines, 2 loops", "coroutines, fresh".
  std::string label() const;
  /// Returns the case for messages: "coroutines, 100 workers", "coroutines, 1 worker, hold, cpp-httplib".
  std::string title() const;
  /// Returns whether the client is a strategy on the native transport.
  bool is_native() const;
  /// Returns the maximum number of items in progress: min(workers, items).
  std::size_t active_workers() const;
  /// Returns the maximum number of connections that the client opens: one per worker or per item.
  std::size_t max_connections() const;
  /// Returns the number of requests that the client sends in its batch.
  std::size_t requests() const { return items * exchanges_per_item(task); }
};

struct workload_point {
  latency_model latency;
  point_kind kind = point_kind::plain;
};

/// Parameters of a run, which cases_of() expands.
struct workload {
  /// Names of clients that probes run.
  std::vector<std::string> strategies;
  std::vector<std::size_t> workers;
  std::vector<workload_point> points;
  std::size_t page_kb;
  /// Absent: as many items as workers.
  std::optional<std::size_t> items;
  std::vector<engine_kind> engines = {default_engine};
  std::uint64_t seed = default_latency_seed;
  /// For strategies with event loops.
  std::vector<std::size_t> loops = {1};
  std::vector<task_kind> tasks = {task_kind::scrape};
  std::vector<connection_mode> connections = {connection_mode::kept};
  std::size_t warm_up = 0;
  /// Other clients.
  std::vector<client_program_ptr> programs = {};
};

/// Returns whether a client that a probe runs always has one worker.
bool has_one_worker(std::string_view strategy);

/// Returns the cases of a workload: all combinations of its parameters, without worker counts for clients
/// that have one worker, and without loops for clients that have none.
std::vector<benchmark_case> cases_of(const workload& parameters);

/// Returns the positions of a shard's cases, ascending. Deals the comparison groups, which are the cases of
/// one point and kind, in turn and in order of their first case. So all clients of a point, with its floor,
/// are in one shard. Shards beyond the number of groups are empty. Pure.
std::vector<std::size_t> positions_of_shard(const std::vector<benchmark_case>& cases, const shard& part);

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

/// Returns the least possible wall time of a case: ceil(items / workers) · exchanges per item · latency,
/// because a worker makes the exchanges of an item in sequence. For random latencies: max(sum / workers,
/// longest item) of the latencies that the server will draw; takes 4 ms for 10,000 days. Pure.
std::chrono::nanoseconds ideal_wall(const benchmark_case& row);

/// Maximum latency of a response. Clients abort a request after 30 s, and a late server must not cause
/// errors.
inline constexpr std::chrono::seconds max_latency{10};

/// Returns an error, in one line, if a response can take longer than max_latency, otherwise nothing. The tail
/// of a log-normal distribution is known, because the seed determines what the server draws. Pure.
std::string latency_error(const latency_model& latency, std::uint64_t seed, task_kind task,
                          std::size_t items);

}  // namespace farebench
