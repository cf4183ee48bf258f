#include "bench/track/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "bench/output/statistics.hpp"
#include "bench/run_lock.hpp"
#include "bench/track/commits.hpp"
#include "bench/track/error.hpp"
#include "bench/track/machine.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/locations.hpp"
#include "lib/system/output_file.hpp"

namespace farebench::track {
namespace {

using clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

/// Counts runs on a terminal and measures the duration of each step.
class comparison_progress {
 public:
  /// Begins a step of `runs` runs, and ends the one before.
  void start(std::string_view step, std::size_t runs = 0) {
    finish();
    steps_.push_back({.name = std::string{step}, .seconds = 0});
    began_ = clock::now();
    runs_ = runs;
    done_ = 0;
  }

  void finish() {
    if (steps_.empty()) return;
    steps_.back().seconds = std::chrono::duration<double>{clock::now() - began_}.count();
    print_status("");
  }

  /// Returns a runner that counts the runs. Refers to this object.
  runner watch(runner inner) {
    const auto counted = [this](auto run) {
      return [this, run = std::move(run)](side of, const benchmark_case& row) {
        // Failed runs are repeated.
        runs_ = std::max(runs_, ++done_);
        print_status(fmt::format("[{}/{}] {}: {}, {} workers", done_, runs_, steps_.back().name, row.label(),
                                 row.workers));
        return run(of, row);
      };
    };
    return {.timed = counted(std::move(inner.timed)),
            .counted = counted(std::move(inner.counted)),
            .on_stage = [this](std::string_view stage, std::size_t runs) { start(stage, runs); }};
  }

  const std::vector<step_time>& steps() const { return steps_; }

 private:
  std::vector<step_time> steps_;
  clock::time_point began_;
  std::size_t runs_ = 0;
  std::size_t done_ = 0;
};

/// Measures both sides in turns, judges their figures, and adds their noise to `known`.
void measure_sides(comparison& result, const std::vector<benchmark_case>& cases, const comparison_plan& plan,
                   const runner& run, noise& known, comparison_progress& progress) {
  if (!this_build().is_fit_for_measuring())
    result.notes.emplace_back("this bench is not optimised or has sanitizers: its figures mean nothing");
  if (result.is_of_one_program())
    result.notes.emplace_back("one program on both sides: an A/A, whose differences become the floor");
  const auto timed = [&](side of, const benchmark_case& row) {
    auto measured = run.timed(of, row);
    if (!measured.version.empty()) (of == side::base ? result.base : result.head).version = measured.version;
    return measured;
  };
  std::mt19937_64 random{std::random_device{}()};
  const run_lock lock;
  if (lock.warning()) {
    print_error("track", *lock.warning());
    result.notes.push_back(*lock.warning());
  }
  const auto before = read_load();
  result.findings =
      compare_in_two_stages(cases, plan, progress.watch({.timed = timed, .counted = run.counted}), known,
                            result.is_of_one_program(), random);
  const auto after = read_load();
  progress.finish();
  result.steps = progress.steps();
  result.notes.push_back(fmt::format("load average {:.2f} before, {:.2f} after; {:.1f} % of the time stolen",
                                     before.load_average, after.load_average, steal_percent(before, after)));
}

harness harness_of(const bench_flags& workload) {
  auto parts = harness::find();
  parts.sample_every = workload.sample_every;
  return parts;
}

/// Returns the side of a client given as NAME=COMMAND.
compared_side side_of_client(const std::string& text) {
  const auto equals = text.find('=');
  return {.name = text.substr(0, equals), .command = text.substr(equals + 1)};
}

}  // namespace

comparison compare_commits(const std::string& base, const std::string& head, const bench_flags& workload,
                           const comparison_plan& plan) {
  const auto sources = repository::open();
  const probe_store probes{sources};
  const auto cases = cases_of(workload.what);
  const bool needs_native = std::ranges::any_of(cases, &benchmark_case::is_native);
  // Both must exist before either is built.
  for (const auto& revision : {base, head}) {
    if (revision != ".") sources.resolve(revision);
    if (needs_native) probes.check_native(revision);
  }
  comparison_progress progress;
  progress.start("build base");
  const auto base_probes = probes.probes_of(base, needs_native);
  progress.start("build head");
  const auto head_probes = probes.probes_of(head, needs_native);

  comparison result{.base = base_probes.side,
                    .head = head_probes.side,
                    .machine = this_machine().name(),
                    .notes = workload.notes};
  const auto noise_file = probes.folder() / "noise" / (result.machine + ".json");
  auto known = noise::read(noise_file);
  measure_sides(result, cases, plan,
                make_probe_runner(harness_of(workload), base_probes.programs, head_probes.programs), known,
                progress);
  write_file(noise_file, known.to_json());
  return result;
}

comparison compare_clients(const std::string& base, const std::string& head, const bench_flags& workload,
                           const comparison_plan& plan) {
  comparison result{.base = side_of_client(base),
                    .head = side_of_client(head),
                    .machine = this_machine().name(),
                    .notes = workload.notes};
  const auto& programs = workload.what.programs;
  // Each case has one row, which both clients run.
  auto both = workload.what;
  both.programs.resize(1);
  auto cases = cases_of(both);
  for (auto& row : cases) row.strategy = "client";

  const auto parts = harness_of(workload);
  const auto cache = default_cache_folder();
  const auto noise_file =
      cache.value_or("") / "track-noise" /
      fmt::format("{}-{}.json", result.machine, sha256(result.base.command).substr(0, 12));
  auto known = cache ? noise::read(noise_file) : noise{};
  comparison_progress progress;
  measure_sides(result, cases, plan, make_client_runner(parts, programs.front(), programs.back()), known,
                progress);
  if (!cache) {
    result.notes.emplace_back("the noise is not kept: set HOME or XDG_CACHE_HOME");
    return result;
  }
  try {
    create_private_folders(*cache);
    write_file(noise_file, known.to_json());
  } catch (const std::system_error& error) {
    result.notes.push_back(fmt::format("the noise is not kept: {}", error.what()));
  }
  return result;
}

namespace {

/// Fields whose difference is a note.
constexpr std::array noted_fields{"build_type", "compiler", "flags",       "os",    "libcurl",
                                  "native",     "boost",    "cpp-httplib", "kernel"};

/// Returns "none" for a missing field.
std::string context_of(const recorded_run& run, const char* name) {
  const auto found = run.context.find(name);
  return found == run.context.end() ? "none" : found->second;
}

track_error incomparable(const std::string& reason) { return track_error{reason, exit_incomparable}; }

/// Returns whether the run is of merged shards from several machines, whose rows are compared one by one.
bool has_several_machines(const recorded_run& run) { return run.result.machines.size() > 1; }

void check_comparable(const recorded_run& run, const recorded_run& other) {
  const auto check_equal = [&](const char* name, const std::string& value, const std::string& other_value) {
    if (value != other_value) {
      throw incomparable(fmt::format("{} and {} cannot be compared: their {} differs ({}; {})", run.source(),
                                     other.source(), name, value, other_value));
    }
  };
  const auto check = [&](const char* name) {
    check_equal(name, context_of(run, name), context_of(other, name));
  };
  if (run.is_recording && other.is_recording) {
    check("machine");
  } else if (!has_several_machines(run) && !has_several_machines(other)) {
    check_equal("machine", run.processors(), other.processors());
  }
  for (const char* name : setting_members) check(name);
  check("server");
  for (const auto* checked : {&run, &other}) {
    const auto& sanitizers = checked->context.at("sanitizers");
    const auto& type = checked->context.at("build_type");
    if (!sanitizers.empty() || (type != "Release" && type != "RelWithDebInfo")) {
      throw incomparable(fmt::format("{} cannot be compared: its build was {}", checked->source(),
                                     sanitizers.empty() ? "not optimised" : "sanitized"));
    }
  }
}

std::vector<double> values_of(const std::vector<recorded_run>& runs, const std::string& series,
                              const metric& of) {
  std::vector<double> values;
  for (const auto& run : runs) {
    const auto* const found = run.find(series);
    if (!found) continue;
    auto figures = values_if_passed(*found, std::string{of.name});
    // Counted once per run, and repeated in each of its rows.
    if (of.is_exact() && figures.size() > 1) figures.resize(1);
    values.insert(values.end(), figures.begin(), figures.end());
  }
  return values;
}

std::set<std::string> series_of(const std::vector<recorded_run>& runs) {
  std::set<std::string> names;
  for (const auto& run : runs)
    for (const auto& result : run.result.cases) names.insert(result.parameters.name());
  return names;
}

/// Failures of a series on one side.
struct side_failures {
  std::size_t failed = 0;
  std::size_t repetitions = 0;
  std::string first = {};

  bool all() const { return failed == repetitions; }
  std::string text(std::string_view side) const {
    if (failed == 0) return {};
    if (all()) return fmt::format("failed in {}: {}", side, first);
    return fmt::format("{} of {} failed in {}: {}", failed, repetitions, side, first);
  }
};

side_failures failures_of(const recorded_side& side, const std::string& series) {
  side_failures failures;
  for (const auto& run : side.runs) {
    const auto* const found = run.find(series);
    if (!found) continue;
    failures.repetitions += found->repetitions.size();
    for (const auto& row : found->repetitions) failures.failed += row.verdict.failed() ? 1 : 0;
    if (failures.first.empty()) failures.first = first_failure(*found);
  }
  return failures;
}

/// Returns a finding if a repetition of the series failed: its figures do not count then.
std::optional<finding> failure_finding(const recorded_side& base, const recorded_side& head,
                                       const std::string& series) {
  const auto in_base = failures_of(base, series);
  const auto in_head = failures_of(head, series);
  if (in_base.failed + in_head.failed == 0) return std::nullopt;
  auto failed = failed_sides::both;
  if (in_head.all() && !in_base.all()) failed = failed_sides::head;
  if (in_base.all() && in_head.failed == 0) failed = failed_sides::base;
  auto reason = in_head.text("head");
  if (in_base.failed > 0) reason += (reason.empty() ? "" : "; ") + in_base.text("base");
  return judge_failure(series, metrics().front(), failed, std::move(reason));
}

/// Returns the first file of bench on a side, which has no canary; nullptr if there is none.
const recorded_run* find_file_of_bench(const recorded_side& side) {
  const auto found = std::ranges::find(side.runs, false, &recorded_run::is_recording);
  return found == side.runs.end() ? nullptr : &*found;
}

double canary_of(const recorded_side& side) {
  std::vector<double> values(side.runs.size());
  std::ranges::transform(side.runs, values.begin(), &recorded_run::canary);
  return *median(values);
}

compared_side summary_of(const recorded_side& side) {
  const auto& first = side.runs.front();
  return {.name = side.name,
          .commit = first.facts.commit,
          .dirty = first.facts.is_dirty,
          .program_sha256 = first.facts.program};
}

bool depends_on_machine(const metric& of) {
  return of.name == "real_time" || of.name == "cpu_us_per_request";
}

/// Samples of one metric of one series. Noisy ones have equal sizes.
struct recorded_samples {
  std::string series;
  const metric& of;
  metric_samples samples;
};

}  // namespace

recorded_side read_side(const fs::path& path) {
  recorded_side side{.name = path.string(), .runs = {}};
  const auto files = fs::is_directory(path) ? result_files_in(path) : std::vector{path};
  for (const auto& file : files) {
    side.runs.push_back(read_comparable_run(file));
    const auto& first = side.runs.front();
    const auto& last = side.runs.back();
    check_comparable(first, last);
    const bool is_same_commit = last.facts.commit == first.facts.commit;
    if (last.facts.program != first.facts.program || (!last.is_recording && !is_same_commit)) {
      throw incomparable(
          fmt::format("{} holds results of different programs ({} and {}): name files of one program",
                      path.string(), first.source(), last.source()));
    }
  }
  return side;
}

noise noise_of_recordings(const std::vector<recorded_run>& runs) {
  noise result;
  // By program and workload.
  std::map<std::string, const recorded_run*> latest;
  for (const auto& run : runs) {
    const auto key = fmt::format("{}\n{}\n{}", run.facts.program, run.facts.machine, run.setting());
    const auto* const previous = std::exchange(latest[key], &run);
    if (!previous) continue;
    for (const auto& series : series_of({run})) {
      for (const auto& of : metrics()) {
        const auto earlier = median(values_of({*previous}, series, of));
        const auto later = median(values_of({run}, series, of));
        if (earlier && later && *earlier > 0 && *later > 0)
          result.add(series, of.name, std::log(*later / *earlier));
      }
    }
  }
  return result;
}

comparison compare_files(const recorded_side& base, const recorded_side& head, const noise& known) {
  const auto& first = base.runs.front();
  const auto& second = head.runs.front();
  check_comparable(first, second);
  comparison result{.base = summary_of(base),
                    .head = summary_of(head),
                    .machine = second.is_recording ? first.facts.machine : second.facts.machine,
                    .is_from_files = true};
  result.notes.emplace_back(
      "from files: weaker evidence, neither measured in turns nor confirmed; to be sure, compare the "
      "commits");
  for (const char* name : noted_fields) {
    if (context_of(first, name) != context_of(second, name))
      result.notes.push_back(
          fmt::format("{}: {} in base, {} in head", name, context_of(first, name), context_of(second, name)));
  }
  const auto* const without_canary =
      find_file_of_bench(base) ? find_file_of_bench(base) : find_file_of_bench(head);
  const double canary = without_canary ? 1 : canary_of(head) / canary_of(base);
  if (without_canary) {
    result.notes.push_back(
        fmt::format("{} is a file of bench, without a canary: a slower machine looks like a slower program; "
                    "track record makes files that tell",
                    without_canary->source()));
  } else {
    result.notes.push_back(
        fmt::format("canary (fixed work on this machine): {:+.1f} % time", 100 * (canary - 1)));
  }
  if (result.is_of_one_program())
    result.notes.emplace_back("one program on both sides: an A/A, all differences are noise");

  const auto in_base = series_of(base.runs);
  const auto in_head = series_of(head.runs);
  std::ranges::set_difference(in_base, in_head, std::back_inserter(result.base_only));
  std::ranges::set_difference(in_head, in_base, std::back_inserter(result.head_only));
  if (result.base_only.size() == in_base.size())
    throw incomparable(fmt::format("{} and {} have no row in common", base.name, head.name));

  std::vector<recorded_samples> all;
  double noisy = 0;
  for (const auto& series : in_base) {
    if (!in_head.contains(series)) continue;
    if (auto failure = failure_finding(base, head, series)) {
      result.findings.push_back(*std::move(failure));
      continue;
    }
    for (const auto& of : metrics()) {
      metric_samples samples{values_of(base.runs, series, of), values_of(head.runs, series, of)};
      const auto pairs = std::min(samples.base.size(), samples.head.size());
      if (samples.base.empty() != samples.head.empty())
        result.findings.push_back(judge_missing(series, of, !samples.base.empty(), !samples.head.empty()));
      if (pairs == 0) continue;
      if (!of.is_exact()) {
        samples.base.resize(pairs);
        samples.head.resize(pairs);
        ++noisy;
      }
      all.push_back({.series = series, .of = of, .samples = std::move(samples)});
    }
  }
  for (const auto& [series, of, samples] : all) {
    if (of.is_exact()) {
      result.findings.push_back(judge_exact(series, of, samples));
      continue;
    }
    auto floor = known.floor(series, of);
    if (depends_on_machine(of)) floor = std::max(floor, std::expm1(std::abs(std::log(canary))));
    // All intervals together contain their medians with a probability of 95 %.
    result.findings.push_back(judge_noisy(series, of, samples, floor, 1 - 0.05 / noisy));
  }
  // metrics() is one array, so that addresses have its order.
  std::ranges::sort(result.findings, {}, [](const finding& found) {
    return std::pair{std::string_view{found.series}, find_metric(found.metric)};
  });
  return result;
}

namespace {

/// Returns the only machine of a series, or nullopt.
std::optional<std::string> machine_of(const recorded_side& side, const std::string& series) {
  std::optional<std::string> machine;
  for (const auto& run : side.runs) {
    const auto* const found = run.find(series);
    if (found == nullptr) continue;
    if (machine.value_or(found->machine) != found->machine) return std::nullopt;
    machine = found->machine;
  }
  return machine;
}

/// Removes the series that are of other machines in base than in head, if a run is of several machines.
/// Returns a note about them, or "".
std::string remove_rows_of_other_machines(recorded_side& base, recorded_side& head) {
  if (std::ranges::none_of(base.runs, has_several_machines) &&
      std::ranges::none_of(head.runs, has_several_machines))
    return {};
  std::set<std::string> removed;
  const auto in_head = series_of(head.runs);
  for (const auto& series : series_of(base.runs)) {
    const auto machine = machine_of(base, series);
    if (in_head.contains(series) && (!machine || machine != machine_of(head, series))) removed.insert(series);
  }
  for (auto* const side : {&base, &head}) {
    for (auto& run : side->runs)
      std::erase_if(run.result.cases,
                    [&](const case_result& one) { return removed.contains(one.parameters.name()); });
  }
  if (removed.empty()) return {};
  auto note =
      fmt::format("{} row{} of another machine in base than in head, and not compared: {}{}", removed.size(),
                  removed.size() == 1 ? " is" : "s are", *removed.begin(), removed.size() == 1 ? "" : ", …");
  if (series_of(base.runs).empty() || series_of(head.runs).empty())
    throw incomparable(fmt::format("{} and {} cannot be compared: {}", base.name, head.name, note));
  return note;
}

}  // namespace

comparison compare_recorded(const fs::path& base, const fs::path& head) {
  auto base_side = read_side(base);
  auto head_side = read_side(head);
  const auto removed = remove_rows_of_other_machines(base_side, head_side);
  std::set<fs::path> folders;
  for (const auto& [path, side] : {std::pair{base, &base_side}, std::pair{head, &head_side}}) {
    // Only recordings name the program, which the floor needs.
    if (find_file_of_bench(*side)) continue;
    folders.insert(fs::weakly_canonical(fs::is_directory(path) ? path : fs::absolute(path).parent_path()));
  }
  std::vector<recorded_run> neighbours;
  std::vector<std::string> notes;
  for (const auto& folder : folders) {
    for (const auto& file : result_files_in(folder)) {
      try {
        neighbours.push_back(read_recorded_run(file));
      } catch (const track_error& error) {
        notes.push_back(fmt::format("not used for the floor: {}", error.what()));
      }
    }
  }
  auto result = compare_files(base_side, head_side, noise_of_recordings(neighbours));
  if (!removed.empty()) result.notes.push_back(removed);
  result.notes.insert(result.notes.end(), notes.begin(), notes.end());
  return result;
}

}  // namespace farebench::track
