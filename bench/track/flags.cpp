#include "bench/track/flags.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace farebench::track {

bench_flags parse_bench_arguments(std::vector<std::string> arguments) {
  std::string program = "bench";
  std::vector<char*> argv{program.data()};
  for (auto& argument : arguments) argv.push_back(argument.data());
  return parse_flags(static_cast<int>(argv.size()), argv.data());
}

namespace {

constexpr const char* footer = R"(
Whatever stands behind "--" are flags of bench that choose the workload (./bench --help); default: light.

Examples:
  track compare HEAD~ .                       what the working tree changes about the last commit
  track compare main HEAD -- --strategies coroutines,fibers --workers 100
  track compare results/runs/M/A.json results/runs/M/B.json
  track record                                one more result file of this commit under results/runs/
  track record --of HEAD~3                    of an older one, driven by this bench
  track gate --against main --summary summary.md
  track selftest --short                      are regressions caught, and is nothing else?

BASE and HEAD are revisions, result files or folders of them. "." is the working tree as it stands, and so is HEAD
while that has changes (HEAD^0 is the commit itself).

Verdicts, a metric of a row each:
  exact ones (allocations, heap peak)  regression or improvement above max(1 %, 64 bytes), of allocations above half
                                       of one a request
  noisy ones (time, CPU, RSS growth)   the median of the pairs' log-ratios with its exact interval: beyond the floor as
                                       a whole a regression or an improvement, inside it the same, else cannot tell,
                                       with the smallest change that could have been seen. The floor is what nine in
                                       ten comparisons of a program with itself stayed within on this machine, at least
                                       2 % of time, 5 % of CPU, 3 % of RSS growth
What is flagged is measured again, and counts only when fresh runs confirm it (intervals of 1 - 0.01 / flagged).

Exit codes: 0 nothing got worse; 1 a confirmed regression (of record: a row failed, and is recorded as such; of
selftest: a rate is too low or too high); 2 usage, bad input, or something that cannot be built, read or written;
3 incomparable, or under --strict something that cannot be told.
)";

void add_comparing(CLI::App& verb, track_flags& flags) {
  verb.add_flag("--json", flags.json, "the comparison as JSON on standard output");
  verb.add_flag("--strict", flags.strict, "exit code 3 when something cannot be told");
  verb.add_option("--pairs", flags.plan.pairs, "timed pairs a row, 6 to 200; default: 12")
      ->check(CLI::Range(6, 200).description(""))
      ->type_name("N");
}

}  // namespace

track_flags parse_track_flags(int argc, char** argv) {
  const auto end = std::find(argv, argv + argc, std::string_view{"--"});
  track_flags flags;
  if (end != argv + argc) flags.bench_flags.assign(end + 1, argv + argc);

  CLI::App app{"Regressions over commits: record, compare, gate.", "track"};
  app.require_subcommand(1);
  app.footer(footer);
  std::string of;
  auto* const record = app.add_subcommand("record", "run the bench and keep its result under results/runs/");
  record->add_option("--of", of, "the commit whose client is measured; default: this build's")
      ->type_name("REV");
  record->add_option("--into", flags.record.into, "another folder than results/runs")->type_name("FOLDER");
  auto* const compare =
      app.add_subcommand("compare", "hold two commits, result files or folders against each other");
  compare->add_option("BASE", flags.base, "a revision, a result file, or a folder of them")->required();
  compare->add_option("HEAD", flags.head, "likewise")->required();
  add_comparing(*compare, flags);
  auto* const gate = app.add_subcommand("gate", "what CI runs: did this tree make anything worse?");
  gate->add_option("--against", flags.against,
                   "default: where it parted from the upstream or main, else HEAD~")
      ->type_name("REV");
  gate->add_option("--summary", flags.summary,
                   "append the Markdown to a file; standard output has the table then")
      ->type_name("FILE");
  add_comparing(*gate, flags);
  auto* const selftest =
      app.add_subcommand("selftest", "are mutants of the client caught, and is nothing else?");
  selftest->add_flag("--short", flags.is_short, "fewer comparisons, in a minute or two");
  selftest->add_option("--kill", flags.kills, "instead: kill so many recordings, and look at every file")
      ->check(CLI::Range(1, 10'000).description(""))
      ->type_name("N");
  for (auto* const verb : app.get_subcommands({})) verb->footer("See also: track --help");

  try {
    app.parse(static_cast<int>(end - argv), argv);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    throw help_asked{chosen.empty() ? app.help() : chosen.front()->help()};
  } catch (const CLI::ParseError& fault) {
    throw track_error{fault.what()};
  }
  if (!of.empty()) flags.record.of = of;
  flags.record.bench_flags = flags.bench_flags;
  if (record->parsed()) flags.verb = track_flags::verb_of::record;
  if (compare->parsed()) flags.verb = track_flags::verb_of::compare;
  if (gate->parsed()) flags.verb = track_flags::verb_of::gate;
  if (selftest->parsed()) flags.verb = track_flags::verb_of::selftest;
  return flags;
}

}  // namespace farebench::track
