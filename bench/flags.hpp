#pragma once

#include <array>
#include <chrono>
#include <exception>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/cases.hpp"
#include "bench/clients/clients.hpp"
#include "bench/measurement.hpp"
#include "bench/output/results.hpp"
#include "bench/output/summary.hpp"
#include "bench/probe/client_protocol.hpp"
#include "lib/system/shard.hpp"
#include "mock_server/server_stats.hpp"

namespace farebench {

/// Clients to check in place of a run.
struct client_check {
  std::vector<client_program_ptr> clients = {};
  /// Names of built clients and their groups, which add_clients() adds to `clients`.
  std::vector<std::string> names = {};
  std::vector<task_kind> tasks = {task_kind::get, task_kind::scrape};
};

/// Command line of the bench, checked as a whole before anything starts.
struct bench_flags {
  /// A named workload, "smoke", or "custom" if flags changed the parameters of a named one.
  std::string workload_name;
  workload what;
  /// Lines to print before the run: parts of the workload that are left out, workers without work.
  std::vector<std::string> notes;
  /// Names of built clients and their groups, from --clients. main adds those clients to `what`.
  std::vector<std::string> clients;
  /// URLs of mock servers that run elsewhere; empty: each measurement starts its own. Their settings replace
  /// latency, page size and engine of `what`: see apply_servers(). This run uses server_of().
  std::vector<std::string> servers;
  /// From --check-client and --check-clients; all other members are then those of no run.
  std::optional<client_check> check;
  bool smoke = false;
  /// The part of the cases that runs; nullopt: all.
  std::optional<shard> part;
  std::size_t repetitions = 1;
  std::chrono::microseconds sample_every = default_sample_every;

  /// Prints the names of the cases and runs nothing.
  bool lists_only = false;
  /// Format of rows on standard output. nullopt: no rows, only the summary.
  std::optional<output_format> display_format;
  /// Hides repetitions of cases that have aggregates.
  bool display_aggregates_only = false;
  /// nullopt: if standard output is a terminal.
  std::optional<bool> color;
  bool tabular = true;
  /// Of the table that ends the run.
  table_options table;

  /// Result file; empty: none.
  std::string out;
  output_format out_format = output_format::json;
  /// Empty: beside the result file, or in the folder for state.
  std::filesystem::path journal;
  /// Empty: beside the result file, if there is one.
  std::filesystem::path timeline;
  /// CSV with a row per case; empty: none.
  std::filesystem::path summary;
  /// Added by the user.
  std::map<std::string, std::string> context;

  /// Arguments for Google Benchmark, including argv[0].
  std::vector<std::string> google_benchmark;
};

/// Names of Google Benchmark's flags, for suggestions.
inline constexpr std::array<std::string_view, 16> google_benchmark_flags{
    "--benchmark_list_tests",
    "--benchmark_filter",
    "--benchmark_min_time",
    "--benchmark_min_warmup_time",
    "--benchmark_repetitions",
    "--benchmark_enable_random_interleaving",
    "--benchmark_report_aggregates_only",
    "--benchmark_display_aggregates_only",
    "--benchmark_format",
    "--benchmark_out",
    "--benchmark_out_format",
    "--benchmark_color",
    "--benchmark_counters_tabular",
    "--benchmark_context",
    "--benchmark_time_unit",
    "--benchmark_perf_counters"};

/// Usage error. The text is one line; the exit code is 2.
class flag_error : public std::exception {
 public:
  explicit flag_error(std::string what) : what_{std::move(what)} {}
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

/// Thrown after --help has been printed.
struct help_shown {};

/// Thrown after --version has been printed.
struct version_shown : help_shown {};

/// Also reads the environment variables of Google Benchmark's flags (BENCHMARK_FORMAT, …). Throws flag_error,
/// help_shown or version_shown.
bench_flags parse_flags(int argc, char** argv);

/// Adds the built clients that --clients names to the workload, which is complete then, and checks it; adds
/// those that --check-clients names to the check. `folder` has the built clients in its folder clients.
/// Throws flag_error for an unknown name, and without a folder.
void add_clients(bench_flags& flags, const std::optional<std::filesystem::path>& folder);

/// Returns the server elsewhere that this shard uses, so that shards take turns with the servers. Not without
/// servers.
const std::string& server_of(const bench_flags& flags);

/// Takes latency, seed, page size and engine of the workload from the settings of the servers elsewhere, in
/// the order of flags.servers. Throws flag_error if they differ, if a server injects faults, or if it is too
/// slow for a client.
void apply_servers(bench_flags& flags, std::span<const server_stats> settings);

/// Paths of files beside the result; absent: not written.
struct output_paths {
  std::optional<std::filesystem::path> journal;
  std::optional<std::filesystem::path> timeline;
};

/// Journal: --journal, or beside the result file, or else in `folder`. A smoke run has none unless --journal
/// is given. Timeline: --timeline, or beside the result file: for run.json run.timeline.json. Nothing is
/// beside a pipe or device. Throws flag_error if two outputs are the same file, or the folder is needed and
/// there is none.
output_paths output_paths_of(const bench_flags& flags, const std::optional<std::filesystem::path>& folder);

}  // namespace farebench
