#include "bench/track/record.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <system_error>

#include "bench/track/commits.hpp"
#include "bench/track/error.hpp"
#include "bench/track/machine.hpp"
#include "bench/track/recordings.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/child_process.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"
#include "lib/system/locations.hpp"
#include "lib/system/output_file.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

/// Enough for an interval of each metric when files of the light workload are compared.
constexpr const char* repetitions = "--benchmark_repetitions=12";

/// A folder in which a bench finds other probes. Removed by the destructor.
class staged_bench {
 public:
  staged_bench(const fs::path& folder, const probe_programs& probes) : folder_{folder} {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    // The bench finds its siblings from its own location, so it is a copy and they are links.
    fs::copy_file(sibling_path("bench"), program());
    for (const char* name : {"mock_server", "libheap_count.so"})
      fs::create_symlink(sibling_path(name), folder_ / name);
    for (const auto& with_clients : {std::optional{program_folder()}, default_cache_folder()}) {
      if (with_clients && fs::exists(*with_clients / "clients") && !fs::exists(folder_ / "clients"))
        fs::create_symlink(*with_clients / "clients", folder_ / "clients");
    }
    fs::create_symlink(probes.fetch_probe, folder_ / "fetch_probe");
    if (!probes.fetch_probe_native.empty())
      fs::create_symlink(probes.fetch_probe_native, folder_ / "fetch_probe_native");
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

std::vector<std::string> bench_command(const record_flags& flags, const bench_flags& parsed) {
  if (parsed.lists_only || parsed.display_format.value_or(output_format::console) != output_format::console)
    throw track_error{"record needs the result: remove --benchmark_list_tests and --benchmark_format"};
  std::vector<std::string> command{sibling_path("bench").string()};
  if (!parsed.smoke) command.emplace_back(repetitions);
  command.insert(command.end(), flags.bench_flags.begin(), flags.bench_flags.end());
  // Last, so that they override the user's flags.
  command.insert(command.end(), {"--benchmark_format=json", "--benchmark_report_aggregates_only=false",
                                 "--benchmark_display_aggregates_only=false"});
  return command;
}

ordered_json repetitions_of(const ordered_json& result) {
  auto rows = ordered_json::array();
  for (const auto& row : result.at("benchmarks"))
    if (row.at("run_type") == "iteration") rows.push_back(row);
  return rows;
}

void add_canary(ordered_json& context, const canary& before, const canary& after) {
  context["canary"] = before.figure();
  context["canary_after"] = after.figure();
  context["canary_cpu_ms"] = before.cpu_ms;
  context["canary_memory_ms"] = before.memory_ms;
  context["canary_loopback_ms"] = before.loopback_ms;
}

void add_load(ordered_json& context, const machine_load& before, const machine_load& after) {
  context["load_before"] = before.load_average;
  context["load_after"] = after.load_average;
  context["busy_percent"] = busy_percent(before, after);
  context["steal_percent"] = steal_percent(before, after);
}

void add_commit(ordered_json& context, const std::optional<repository>& sources,
                const probe_programs& probes) {
  const auto id = context.at("commit").get<std::string>();
  const auto commit = sources ? sources->describe(sources->resolve(id)) : commit_info{};
  context["parents"] = commit.parents;
  context["commit_date"] = commit.date;
  context["subject"] = commit.subject;
  context["program_sha256"] = program_hash(probes, id);
}

void add_machine(ordered_json& context, const machine& here) {
  context["machine"] = here.name();
  context["machine_kernel"] = here.kernel;
  context["machine_memory_gib"] = here.memory_gib;
}

/// Returns the repository with the commit of this build. An installed track needs none: the recording then
/// has no parents, date and subject of its commit.
std::optional<repository> find_sources() {
  const std::string commit{this_build().commit};
  if (is_in_build_tree()) {
    auto sources = repository::open();
    sources.resolve(commit);
    return sources;
  }
  if (!this_build().commit_error.empty())
    throw track_error{fmt::format("this build has no commit: {}", this_build().commit_error)};
  try {
    auto sources = repository::open();
    if (sources.find(commit)) return sources;
  } catch (const track_error&) {
    // There is no repository here.
    return std::nullopt;
  }
  return std::nullopt;
}

/// Returns the folder of recordings, which has a folder per machine. Throws track_error if there is none.
fs::path recordings_folder(const fs::path& chosen, const std::optional<repository>& sources) {
  if (!chosen.empty()) return chosen;
  if (sources) return sources->root() / "results" / "runs";
  const auto state = state_folder();
  if (!state) throw track_error{"record: no folder for recordings: name one with --into, or set HOME"};
  create_private_folders(*state);
  return *state / "runs";
}

/// Returns the path relative to the working directory if it is inside.
fs::path short_path(const fs::path& path) {
  // The working directory may have been removed.
  std::error_code ignored;
  const auto relative = path.lexically_relative(fs::current_path(ignored));
  return relative.empty() || *relative.begin() == ".." ? path : relative;
}

/// Writes FOLDER/STEM.json, or STEM-2.json and so on if recordings of the same second exist. Returns the
/// path.
fs::path write_new_file(const fs::path& folder, const std::string& stem, const std::string& text) {
  for (int number = 1;; ++number) {
    const auto path = folder / (number == 1 ? stem + ".json" : fmt::format("{}-{}.json", stem, number));
    if (exists(path)) continue;
    try {
      write_file(path, text, if_exists::keep);
      return path;
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::file_exists) throw;
    }
  }
}

}  // namespace

int record(const record_flags& flags, const bench_flags& parsed) {
  auto command = bench_command(flags, parsed);
  const auto sources = flags.of ? std::optional{repository::open()} : find_sources();
  probe_programs probes{.fetch_probe = sibling_path("fetch_probe"),
                        .fetch_probe_native = sibling_path("fetch_probe_native")};
  std::optional<staged_bench> staged;
  if (flags.of) {
    const probe_store store{*sources};
    if (std::ranges::any_of(cases_of(parsed.what), &benchmark_case::is_native)) store.check_native(*flags.of);
    // It also runs the floor.
    probes = store.probes_of(*flags.of, store.has_native(*flags.of)).programs;
    staged.emplace(store.folder() / fmt::format("bench-{}", ::getpid()), probes);
    command.front() = staged->program().string();
    // Its own would be a folder that is removed.
    if (parsed.journal.empty() && parsed.out.empty() && !parsed.smoke)
      command.emplace_back("--journal=/dev/null");
  }

  const auto here = this_machine();
  const auto folder = recordings_folder(flags.into, sources) / here.name();
  // Before the run, which takes minutes.
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw std::system_error{error, "write " + folder.string()};
  if (::access(folder.c_str(), W_OK | X_OK) != 0) throw_system_error("write " + folder.string());
  remove_abandoned_parts(folder);
  const auto begin = std::chrono::system_clock::now();
  // Smoke runs measure nothing, so one pass of the canary is enough.
  const int canary_passes = parsed.smoke ? 1 : 5;
  const auto canary_before = measure_canary(canary_passes);
  const auto load_before = read_load();
  // The result comes through a pipe, so that no part of an unfinished run is on a disk.
  const auto run = run_command(command, error_output::inherit);
  const auto load_after = read_load();
  if (run.exit_code != 0 && run.exit_code != 1)
    throw track_error{fmt::format("bench ended with exit code {}: nothing is recorded", run.exit_code)};
  const auto result = ordered_json::parse(run.output, nullptr, false);
  if (!result.is_object() || !result.contains("benchmarks"))
    throw track_error{"bench printed no result: nothing is recorded"};

  auto context = result.at("context");
  add_commit(context, sources, probes);
  add_machine(context, here);
  add_load(context, load_before, load_after);
  add_canary(context, canary_before, measure_canary(canary_passes));
  const auto text = recorded_text(context, repetitions_of(result), result.value("schema", ordered_json{}));
  const auto stem =
      fmt::format("{:%Y%m%dT%H%M%SZ}-{}", fmt::gmtime(std::chrono::system_clock::to_time_t(begin)),
                  context.at("commit").get<std::string>().substr(0, 12));
  // Checks that the file can be read again.
  parse_recorded_run(text, stem);
  const auto path = write_new_file(folder, stem, text);
  print_output(short_path(path).string() + '\n');
  return run.exit_code == 0 ? exit_nothing_worse : exit_worse;
}

}  // namespace farebench::track
