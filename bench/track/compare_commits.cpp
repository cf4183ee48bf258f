#include "bench/track/compare_commits.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "bench/peers/peers.hpp"
#include "bench/track/bench_arguments.hpp"
#include "bench/track/machine/machine.hpp"
#include "bench/track/machine/machine_load.hpp"
#include "bench/track/measure/probe_runner.hpp"
#include "bench/track/track_error.hpp"
#include "lib/system/build_identity.hpp"
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

bench_flags workload_flags(const std::vector<std::string>& arguments) {
  for (const auto& argument : arguments) {
    const auto name = argument.substr(0, argument.find('='));
    if (name.starts_with("--benchmark_") || name == "--journal" || name == "--timeline") {
      throw track_error{
          fmt::format("{} has no meaning in a comparison: choose with --strategies and --workers, and "
                      "--pairs says how often",
                      argument)};
    }
  }
  auto flags = parse_bench_arguments(arguments);
  for (const auto& name : flags.what.strategies)
    if (is_peer(name))
      throw track_error{fmt::format("{} is no part of a commit's client: leave it out", name)};
  return flags;
}

comparison compare_probes(const built_probe& base, const built_probe& head, const bench_flags& what,
                          const comparing_plan& plan, const std::filesystem::path& track_folder) {
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
  const auto before = load_now();
  made.findings = compare_in_two_stages(cases, plan, with, known, made.is_of_one_program(), random);
  const auto after = load_now();
  made.notes.push_back(fmt::format("load average {:.2f} before, {:.2f} after; {:.1f} % of the time stolen",
                                   before.load_average, after.load_average, steal_percent(before, after)));
  write_file(noise_file, known.to_text());
  return made;
}

comparison compare_commits(const std::string& base, const std::string& head, const bench_flags& what,
                           const comparing_plan& plan) {
  const auto sources = repository::here();
  // Both are looked for before either is built.
  for (const auto& revision : {base, head})
    if (revision != ".") sources.resolve(revision);
  const probe_store probes{sources};
  const auto left = probes.probe_of(base);
  const auto right = probes.probe_of(head);
  return compare_probes(left, right, what, plan, probes.folder());
}

}  // namespace farebench::track
