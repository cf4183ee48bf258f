#include "bench/track/compare.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "bench/output/statistics.hpp"
#include "bench/run_lock.hpp"
#include "bench/track/error.hpp"
#include "bench/track/machine.hpp"
#include "bench/track/measure.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/output_file.hpp"

namespace farebench::track {
namespace {

/// The same runs, with a line on a terminal's standard error that counts them. How many it takes to confirm
/// what is flagged is not foreseen.
runner counted_aloud(const runner& with, std::size_t foreseen) {
  const auto done = std::make_shared<std::size_t>(0);
  const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
  const auto around = [done, is_terminal, foreseen](const auto& run) {
    return [done, is_terminal, foreseen, run](side of, const benchmark_case& row) {
      ++*done;
      if (is_terminal) {
        const auto total = *done <= foreseen ? fmt::format(" of {}", foreseen) : std::string{", to confirm"};
        fmt::print(stderr, "\r\x1b[Krun {}{}: {}, {} workers", *done, total, row.label(), row.workers);
        std::fflush(stderr);
      }
      auto result = run(of, row);
      if (is_terminal) fmt::print(stderr, "\r\x1b[K");
      return result;
    };
  };
  return {.timed = around(with.timed), .counted = around(with.counted)};
}

}  // namespace

comparison compare_probes(const built_probe& base, const built_probe& head, const bench_flags& what,
                          const comparison_plan& plan, const std::filesystem::path& track_folder) {
  comparison made;
  made.base = base.side;
  made.head = head.side;
  made.machine = this_machine().name();
  if (!this_build().is_fit_for_measuring())
    made.notes.emplace_back("this bench was built unoptimised or with sanitizers: its figures say nothing");
  if (made.is_of_one_program())
    made.notes.emplace_back(
        "one program on both sides: an A/A, whatever differs is noise, and is kept as the floor");
  made.notes.insert(made.notes.end(), what.notes.begin(), what.notes.end());

  const auto cases = cases_of(what.what);
  const auto noise_file = track_folder / "noise" / (made.machine + ".json");
  auto known = noise::read(noise_file);
  auto driven_by = harness::beside_this_program();
  driven_by.sample_every = what.sample_every;
  const auto with = counted_aloud(run_probes(driven_by, base.program, head.program),
                                  cases.size() * 2 * (plan.pairs + plan.counts));
  std::mt19937_64 random{std::random_device{}()};
  const run_lock lock;
  if (lock.warning()) {
    print_error("track", *lock.warning());
    made.notes.push_back(*lock.warning());
  }
  const auto before = load_now();
  made.findings = compare_in_two_stages(cases, plan, with, known, made.is_of_one_program(), random);
  const auto after = load_now();
  made.notes.push_back(fmt::format("load average {:.2f} before, {:.2f} after; {:.1f} % of the time stolen",
                                   before.load_average, after.load_average, steal_percent(before, after)));
  write_file(noise_file, known.to_text());
  return made;
}

comparison compare_commits(const std::string& base, const std::string& head, const bench_flags& what,
                           const comparison_plan& plan) {
  const auto sources = repository::here();
  // Both are looked for before either is built.
  for (const auto& revision : {base, head})
    if (revision != ".") sources.resolve(revision);
  const probe_store probes{sources};
  const auto left = probes.probe_of(base);
  const auto right = probes.probe_of(head);
  return compare_probes(left, right, what, plan, probes.folder());
}

namespace {

namespace fs = std::filesystem;

constexpr double family_error = 0.05;

/// What is worth a note when it differs.
constexpr std::array worth_a_note{"build_type", "compiler",    "flags", "libcurl",
                                  "boost",      "cpp-httplib", "kernel"};

std::string context_of(const recorded_run& run, const char* name) {
  const auto found = run.context.find(name);
  return found == run.context.end() ? "none" : found->second;
}

track_error incomparable(const std::string& reason) { return track_error{reason, exit_incomparable}; }

void check_comparable(const recorded_run& one, const recorded_run& other) {
  const auto check = [&](const char* name) {
    if (context_of(one, name) != context_of(other, name)) {
      throw incomparable(fmt::format("{} and {} cannot be compared: their {} differs ({}; {})", one.source(),
                                     other.source(), name, context_of(one, name), context_of(other, name)));
    }
  };
  check("machine");
  for (const char* name : setting_members) check(name);
  for (const auto* run : {&one, &other}) {
    const auto& sanitizers = run->context.at("sanitizers");
    const auto& type = run->context.at("build_type");
    if (!sanitizers.empty() || (type != "Release" && type != "RelWithDebInfo")) {
      throw incomparable(fmt::format("{} says nothing: it was built {}", run->source(),
                                     sanitizers.empty() ? "unoptimised" : "with sanitizers"));
    }
  }
}

std::vector<double> values_of(const std::vector<recorded_run>& runs, const std::string& series,
                              const metric& of) {
  std::vector<double> values;
  for (const auto& run : runs) {
    const auto* const found = run.find(series);
    if (found == nullptr) continue;
    auto own = column_values(*found, std::string{of.name});
    // Exact figures are counted once per recording and repeated in each of its rows.
    if (of.is_exact() && own.size() > 1) own.resize(1);
    values.insert(values.end(), own.begin(), own.end());
  }
  return values;
}

std::set<std::string> series_of(const std::vector<recorded_run>& runs) {
  std::set<std::string> names;
  for (const auto& run : runs) {
    for (const auto& one : run.result.cases) names.insert(one.parameters.name());
  }
  return names;
}

/// "head: why" when a repetition of the series failed; its figures do not count then.
std::string failure_of(const recorded_side& base, const recorded_side& head, const std::string& series) {
  for (const auto& [where, side] : {std::pair{"base", &base}, {"head", &head}})
    for (const auto& run : side->runs)
      if (const auto* const found = run.find(series); found != nullptr && has_failed(*found))
        return fmt::format("failed in {}: {}", where, first_failure(*found));
  return {};
}

double canary_of(const recorded_side& side) {
  std::vector<double> values(side.runs.size());
  std::ranges::transform(side.runs, values.begin(), &recorded_run::canary);
  return *median(values);
}

compared_side described(const recorded_side& side) {
  const auto& first = side.runs.front();
  return {.name = side.name,
          .commit = first.facts.commit,
          .dirty = first.facts.is_dirty,
          .program_sha256 = first.facts.program};
}

bool is_of_machine(const metric& of) { return of.name == "real_time" || of.name == "cpu_us_per_request"; }

struct tested {
  std::string series;
  const metric& of;
  metric_samples samples;
};

}  // namespace

recorded_side read_side(const fs::path& path) {
  recorded_side side{.name = path.string(), .runs = {}};
  const auto files = fs::is_directory(path) ? result_files_in(path) : std::vector{path};
  for (const auto& file : files) {
    side.runs.push_back(read_recorded_run(file));
    const auto& first = side.runs.front();
    check_comparable(first, side.runs.back());
    if (side.runs.back().facts.program != first.facts.program) {
      throw incomparable(fmt::format("{} holds results of different programs ({} and {}): name one program's",
                                     path.string(), first.source(), side.runs.back().source()));
    }
  }
  return side;
}

noise noise_of_recordings(const std::vector<recorded_run>& runs) {
  noise known;
  std::map<std::string, const recorded_run*> latest;  // by program and workload
  for (const auto& run : runs) {
    const auto key = fmt::format("{}\n{}\n{}", run.facts.program, run.facts.machine, run.setting());
    if (const auto* const before = std::exchange(latest[key], &run)) {
      for (const auto& name : series_of({run})) {
        for (const auto& of : metrics()) {
          const auto earlier = median(values_of({*before}, name, of));
          const auto later = median(values_of({run}, name, of));
          if (earlier && later && *earlier > 0 && *later > 0)
            known.add(name, of.name, std::log(*later / *earlier));
        }
      }
    }
  }
  return known;
}

comparison compare_files(const recorded_side& base, const recorded_side& head, const noise& known) {
  const auto& first = base.runs.front();
  const auto& second = head.runs.front();
  check_comparable(first, second);
  comparison made;
  made.base = described(base);
  made.head = described(head);
  made.machine = first.facts.machine;
  made.is_from_files = true;
  made.notes.emplace_back(
      "from files: weaker evidence, not measured in turns and not confirmed; compare the commits to be sure");
  for (const char* name : worth_a_note) {
    if (context_of(first, name) != context_of(second, name))
      made.notes.push_back(
          fmt::format("{}: {} in base, {} in head", name, context_of(first, name), context_of(second, name)));
  }
  const double canary = canary_of(head) / canary_of(base);
  made.notes.push_back(fmt::format("the machine itself took {:+.1f} % (canary)", 100 * (canary - 1)));
  if (made.is_of_one_program())
    made.notes.emplace_back("one program on both sides: an A/A, whatever differs is noise");

  const auto in_base = series_of(base.runs);
  const auto in_head = series_of(head.runs);
  std::ranges::set_difference(in_base, in_head, std::back_inserter(made.base_only));
  std::ranges::set_difference(in_head, in_base, std::back_inserter(made.head_only));

  std::vector<tested> all;
  std::size_t noisy = 0;
  for (const auto& name : in_base) {
    if (!in_head.contains(name)) continue;
    if (auto failure = failure_of(base, head, name); !failure.empty()) {
      made.findings.push_back({.series = name, .metric = metrics().front().name, .why = std::move(failure)});
      continue;
    }
    for (const auto& of : metrics()) {
      tested one{.series = name,
                 .of = of,
                 .samples = {values_of(base.runs, name, of), values_of(head.runs, name, of)}};
      const auto pairs = std::min(one.samples.base.size(), one.samples.head.size());
      if (pairs == 0) continue;
      if (!of.is_exact()) {
        one.samples.base.resize(pairs);
        one.samples.head.resize(pairs);
        ++noisy;
      }
      all.push_back(std::move(one));
    }
  }
  for (const auto& one : all) {
    if (one.of.is_exact()) {
      made.findings.push_back(judge_exact(one.series, one.of, one.samples));
      continue;
    }
    auto floor = known.floor(one.series, one.of);
    if (is_of_machine(one.of)) floor = std::max(floor, std::expm1(std::abs(std::log(canary))));
    made.findings.push_back(
        judge_noisy(one.series, one.of, one.samples, floor, 1 - family_error / static_cast<double>(noisy)));
  }
  std::ranges::sort(made.findings, {}, [](const finding& one) {
    return std::pair{std::string_view{one.series}, find_metric(one.metric)};  // these stand in their order
  });
  return made;
}

comparison compare_recorded(const fs::path& base, const fs::path& head) {
  const auto left = read_side(base);
  const auto right = read_side(head);
  std::vector<std::string> notes;
  std::set<fs::path> folders;
  for (const auto& path : {base, head})
    folders.insert(fs::weakly_canonical(fs::is_directory(path) ? path : fs::absolute(path).parent_path()));
  std::vector<recorded_run> beside;
  for (const auto& folder : folders) {
    for (const auto& file : result_files_in(folder)) {
      try {
        beside.push_back(read_recorded_run(file));
      } catch (const track_error& fault) {
        notes.push_back(fmt::format("left out of the floor: {}", fault.what()));
      }
    }
  }
  auto made = compare_files(left, right, noise_of_recordings(beside));
  made.notes.insert(made.notes.end(), notes.begin(), notes.end());
  return made;
}

}  // namespace farebench::track
