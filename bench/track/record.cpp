#include "bench/track/record.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <ctime>

#include "bench/track/commits.hpp"
#include "bench/track/error.hpp"
#include "bench/track/machine.hpp"
#include "bench/track/recordings.hpp"
#include "lib/system/child_process.hpp"
#include "lib/system/output_file.hpp"

namespace farebench::track {
namespace {

using namespace std::chrono_literals;
using nlohmann::ordered_json;
namespace fs = std::filesystem;

/// Enough that a comparison of the light workload's files has an interval for each of its metrics.
constexpr const char* repetitions = "--benchmark_repetitions=12";

/// A folder in which a bench finds another client beside itself; gone with this object.
class staged_bench {
 public:
  staged_bench(const fs::path& folder, const fs::path& client) : folder_{folder} {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    // It finds its siblings by where it is: so it is a copy, and they are links.
    fs::copy_file(sibling_path("bench"), program());
    for (const char* name : {"mock_server", "libheap_count.so", "clients"})
      fs::create_symlink(sibling_path(name), folder_ / name);
    fs::create_symlink(client, folder_ / "fetch_probe");
  }
  ~staged_bench() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  staged_bench(const staged_bench&) = delete;
  staged_bench& operator=(const staged_bench&) = delete;

  fs::path program() const { return folder_ / "bench"; }

 private:
  fs::path folder_;
};

struct finished_bench {
  int exit_code;
  std::string output;
};

/// Its table goes to standard error, for people; its JSON comes through a pipe, so that nothing of an
/// unfinished run is ever on a disk.
finished_bench run_bench(const fs::path& program, const std::vector<std::string>& arguments) {
  child_process running{{.executable = program, .arguments = arguments}};
  finished_bench out{.exit_code = -1, .output = {}};
  for (;;) {
    const auto read = running.read_line(1h);
    if (read.status == child_process::read_status::end_of_file) break;
    if (read.status == child_process::read_status::line) out.output += read.line + '\n';
  }
  auto ended = running.wait(1min);
  if (!ended) ended = running.stop();
  if (WIFEXITED(*ended)) out.exit_code = WEXITSTATUS(*ended);
  return out;
}

std::vector<std::string> arguments_of(const record_flags& flags, const bench_flags& parsed) {
  if (parsed.lists_only || parsed.display_format != "console")
    throw track_error{
        "record needs the bench's result itself: no --benchmark_list_tests and no --benchmark_format"};
  std::vector<std::string> arguments;
  if (!parsed.smoke) arguments.emplace_back(repetitions);
  arguments.insert(arguments.end(), flags.bench_flags.begin(), flags.bench_flags.end());
  // Behind what the user said, so that these hold.
  arguments.insert(arguments.end(), {"--benchmark_format=json", "--benchmark_report_aggregates_only=false",
                                     "--benchmark_display_aggregates_only=false"});
  return arguments;
}

ordered_json repetitions_of(const ordered_json& result) {
  auto rows = ordered_json::array();
  for (const auto& row : result.at("benchmarks"))
    if (row.at("run_type") == "iteration") rows.push_back(row);
  return rows;
}

void put_canary(ordered_json& context, const canary& before, const canary& after) {
  context["canary"] = before.figure();
  context["canary_after"] = after.figure();
  context["canary_cpu_ms"] = before.cpu_ms;
  context["canary_memory_ms"] = before.memory_ms;
  context["canary_loopback_ms"] = before.loopback_ms;
}

void put_load(ordered_json& context, const machine_load& before, const machine_load& after) {
  context["load_before"] = before.load_average;
  context["load_after"] = after.load_average;
  context["busy_percent"] = busy_percent(before, after);
  context["steal_percent"] = steal_percent(before, after);
}

void put_commit(ordered_json& context, const repository& sources, const fs::path& client) {
  const auto commit = context.at("commit").get<std::string>();
  context["parents"] = sources.parents(sources.resolve(commit));
  context["commit_date"] = sources.date(commit);
  context["subject"] = sources.subject(commit);
  context["program_sha256"] = program_hash(client, commit);
}

void put_machine(ordered_json& context, const machine& here) {
  context["machine"] = here.name();
  context["machine_kernel"] = here.kernel;
  context["machine_memory_gib"] = here.memory_gib;
}

}  // namespace

int record(const record_flags& flags, const bench_flags& parsed) {
  const auto arguments = arguments_of(flags, parsed);
  const auto sources = repository::here();
  const probe_store probes{sources};
  fs::path client = sibling_path("fetch_probe");
  if (flags.of) client = probes.probe_of(*flags.of).program;

  const auto here = this_machine();
  const auto folder = (flags.into.empty() ? sources.root() / "results" / "runs" : flags.into) / here.name();
  remove_abandoned_parts(folder);
  const auto begin = std::chrono::system_clock::now();
  const auto canary_before = measure_canary();
  const auto load_before = load_now();
  std::optional<staged_bench> staged;
  if (flags.of) staged.emplace(probes.folder() / fmt::format("bench-{}", ::getpid()), client);
  const auto run = run_bench(staged ? staged->program() : sibling_path("bench"), arguments);
  const auto load_after = load_now();
  if (run.exit_code != 0 && run.exit_code != 1)
    throw track_error{fmt::format("bench ended with exit code {}: nothing is recorded", run.exit_code)};

  const auto result = ordered_json::parse(run.output, nullptr, false);
  if (!result.is_object() || !result.contains("benchmarks"))
    throw track_error{"bench gave no result: nothing is recorded"};
  auto context = result.at("context");
  put_commit(context, sources, client);
  put_machine(context, here);
  put_load(context, load_before, load_after);
  put_canary(context, canary_before, measure_canary());
  const auto text = recorded_text(context, repetitions_of(result), result.value("schema", ordered_json{}));
  const auto path = folder / fmt::format("{:%Y%m%dT%H%M%SZ}-{}.json",
                                         fmt::gmtime(std::chrono::system_clock::to_time_t(begin)),
                                         context.at("commit").get<std::string>().substr(0, 12));
  parse_recorded_run(text, path.string());  // what is recorded can be read
  write_file(path, text, if_exists::keep);
  const auto shorter = path.lexically_relative(fs::current_path());
  fmt::print("{}\n", (shorter.empty() || shorter.begin()->string() == ".." ? path : shorter).string());
  return run.exit_code == 0 ? exit_nothing_worse : exit_worse;
}

}  // namespace farebench::track
