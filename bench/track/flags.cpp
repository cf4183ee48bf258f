#include "bench/track/flags.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

#include "bench/clients/clients.hpp"
#include "bench/track/error.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/flags.hpp"

namespace farebench::track {
namespace {

constexpr const char* footer = R"(
Flags after "--" are flags of bench that choose the workload (./bench --help). Default: light.

Examples:
  track compare HEAD~ .                       what the working tree changes since the last commit
  track compare main HEAD -- --strategies coroutines,fibers --workers 100
  track compare --client 'old=./client-1.2' --client 'new=./client' -- --workload get
                                              two programs that speak the protocol of docs/clients.md
  track compare results/runs/M/A.json results/runs/M/B.json
  track compare before.json after.json        two files of bench --benchmark_out
  track record                                adds a result file of this build to the recordings
  track record --of HEAD~3                    the same for an older commit, run by this bench
  track gate --against main --summary summary.md
  track history                               what changed over the recorded commits
  track report run.json --out page.html       a page of one result
  track export --format csv run.json          medians and intervals for a spreadsheet; see docs/tracking.md
  track merge 1.json 2.json --out all.json    joins the shards of a run; see docs/cluster.md
  track selftest --short                      are mutants caught, without false alarms?

BASE and HEAD are revisions of a clone of farebench, result files or folders of those. "." is the working tree. So is
HEAD if tracked files have changed; HEAD^0 is always the commit. Of two clients, the first is the base.

Verdicts, one per metric and row:
  exact metrics (allocations, heap peak)    regression or improvement above max(1 %, 64 bytes), or above 0.5 allocations
                                            per request
  noisy metrics (time, CPU, RSS growth)     the median of the pairs' log-ratios and its exact interval. Regression or
                                            improvement: the interval is beyond the floor. Same: it is within the floor. All
                                            else: cannot tell, with the smallest detectable change. Nine in ten
                                            comparisons of a program with itself stayed within the floor on this machine;
                                            it is at least 2 % for time, 5 % for CPU and 3 % for RSS growth
A flagged metric is measured again and counts only if fresh runs confirm it (confidence 1 - 0.01 / flagged metrics).

Installed, recordings of this build are in $XDG_STATE_HOME/farebench/runs (default: ~/.local/state/farebench/runs), and
builds of commits in $XDG_CACHE_HOME/farebench (default: ~/.cache/farebench). Elsewhere they are in results/runs/ and
build/track/ of the repository.

Exit codes: 0 nothing got worse; 1 a confirmed regression (record: a row failed and is recorded as failed; selftest: a
rate is out of range); 2 wrong usage, invalid input, or something that cannot be built, read or written; 3 incomparable,
or with --strict a metric that cannot be told; 141 (SIGPIPE) standard output was closed.
)";

/// Adds a verb that its presence on the command line selects.
CLI::App* add_verb(CLI::App& app, track_flags& flags, track::verb verb, const char* name,
                   const char* description) {
  auto* const added = app.add_subcommand(name, description);
  added->callback([&flags, verb] { flags.verb = verb; });
  return added;
}

void add_comparison_flags(CLI::App& verb, track_flags& flags) {
  verb.add_flag("--json", flags.json, "print the comparison as JSON");
  verb.add_flag("--strict", flags.strict, "exit code 3 if a metric cannot be told");
  verb.add_option("--summary", flags.summary,
                  "append the comparison to FILE as Markdown, for a CI job's summary")
      ->type_name("FILE");
  verb.add_option("--pairs", flags.plan.pairs, "timed pairs per row, 6 to 200; default: 12")
      ->check(CLI::Range(6, 200).description(""))
      ->type_name("N");
}

void add_accepted_flag(CLI::App& verb, track_flags& flags) {
  verb.add_option("--accepted", flags.accepted, "accepted regressions; default: results/accepted.json")
      ->type_name("FILE");
}

void add_record(CLI::App& app, track_flags& flags) {
  auto* const record = add_verb(app, flags, verb::record, "record", "run the bench and keep its result");
  record->add_option("--of", flags.record.of, "commit whose client is measured; default: this build's")
      ->type_name("REV");
  record->add_option("--into", flags.record.into, "folder; default: results/runs, or see track --help")
      ->type_name("FOLDER");
}

void add_compare(CLI::App& app, track_flags& flags) {
  auto* const compare = add_verb(app, flags, verb::compare, "compare",
                                 "compare two commits, result files or folders, or clients");
  compare->add_option("BASE", flags.base, "revision, result file, or folder of result files");
  compare->add_option("HEAD", flags.head, "likewise");
  compare
      ->add_option("--client", flags.clients,
                   "instead of BASE and HEAD, twice: a program that speaks the protocol of docs/clients.md")
      ->allow_extra_args(false)
      ->type_name("NAME=COMMAND");
  add_comparison_flags(*compare, flags);
}

/// Checks that compare has two sides of one kind.
void check_sides(const track_flags& flags) {
  if (flags.verb != verb::compare) return;
  if (flags.clients.empty()) {
    if (flags.head.empty())
      throw track_error{"compare: name BASE and HEAD, or two clients: --client A=COMMAND --client B=COMMAND"};
    return;
  }
  if (!flags.base.empty()) {
    throw track_error{fmt::format("compare: '{}' and --client: compare either two commits or two clients",
                                  printable(flags.base))};
  }
  if (flags.clients.size() != 2) {
    throw track_error{fmt::format("compare: --client is given {} time{}: give it twice, first for the base",
                                  flags.clients.size(), flags.clients.size() == 1 ? "" : "s")};
  }
}

/// Refuses flags of bench for verbs that have no use for them.
void check_bench_flags(const track_flags& flags, const CLI::App& app) {
  const bool uses_them =
      flags.verb == verb::record || flags.verb == verb::compare || flags.verb == verb::gate;
  if (uses_them) {
    for (const auto& argument : flags.bench_flags)
      if (argument.substr(0, argument.find('=')) == "--shard")
        throw track_error{fmt::format("--shard has no effect on {}, which measures all cases: remove it",
                                      app.get_subcommands().front()->get_name())};
    return;
  }
  if (flags.bench_flags.empty()) return;
  throw track_error{fmt::format("{}: {} runs no bench: remove '--' and the flags after it",
                                flags.bench_flags.front(), app.get_subcommands().front()->get_name())};
}

void add_gate(CLI::App& app, track_flags& flags) {
  auto* const gate = add_verb(app, flags, verb::gate, "gate", "for CI: did this tree make anything worse?");
  gate->add_option("--against", flags.against,
                   "default: the merge base with the upstream branch or main, else HEAD~")
      ->type_name("REV");
  add_comparison_flags(*gate, flags);
}

void add_history(CLI::App& app, track_flags& flags) {
  auto* const history =
      add_verb(app, flags, verb::history, "history", "print what changed over the recorded commits");
  history->add_option("FILES", flags.files, "recordings and folders of recordings; default: results/runs");
  add_accepted_flag(*history, flags);
  history->add_flag("--json", flags.json, "print all series as JSON");
}

void add_report(CLI::App& app, track_flags& flags) {
  auto* const report =
      add_verb(app, flags, verb::report, "report", "write result files and the history as one HTML page");
  report->add_option(
      "FILES", flags.files,
      "result files of bench, with the timelines beside them, and recordings; default: article, "
      "light and scale in results/, of Debian 12 and 13, and results/runs");
  report->add_option("--runs", flags.runs, "folder whose recordings are the history")->type_name("FOLDER");
  add_accepted_flag(*report, flags);
  auto* const page =
      report->add_option("--out", flags.page, "the page; default: report.html")->type_name("FILE");
  report->add_flag("--json", flags.json, "print the page's data as JSON and write no page")->excludes(page);
}

void add_export(CLI::App& app, track_flags& flags) {
  auto* const exporting = add_verb(app, flags, verb::export_results, "export",
                                   "write results in a format that other programs read");
  exporting->add_option("FILES", flags.files, "result files of bench, recordings, and folders of recordings")
      ->required();
  exporting
      ->add_option_function<std::string>(
          "--format",
          [&flags](const std::string& name) {
            const auto format = parse_export_format(name);
            const auto names = export_format_names();
            if (!format)
              throw CLI::ValidationError("--format",
                                         fmt::format("unknown format '{}': choose from {}{}", name,
                                                     fmt::join(names, ", "), did_you_mean(name, names)));
            flags.format = *format;
          },
          fmt::format("{}", fmt::join(export_format_names(), ", ")))
      ->required()
      ->type_name("NAME");
  exporting
      ->add_option("--columns", flags.columns,
                   "columns of docs/columns.md; default: for csv all, else the metrics and rss_peak_bytes")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->transform(trim_blanks())
      ->type_name("A,B");
  exporting->add_option("--out", flags.export_file, "default: standard output")->type_name("FILE");
}

void add_merge(CLI::App& app, track_flags& flags) {
  auto* const merge = add_verb(app, flags, verb::merge, "merge", "join the result files of bench --shard");
  merge->add_option("FILES", flags.files, "result files of the shards, or of earlier merging")->required();
  merge->add_option("--out", flags.merged_file, "the merged file; its timeline is written beside it")
      ->required()
      ->type_name("FILE");
  merge->add_flag("--partial", flags.is_partial, "accept that shards are missing");
}

void add_selftest(CLI::App& app, track_flags& flags) {
  auto* const selftest = add_verb(app, flags, verb::selftest, "selftest",
                                  "are mutants of the client caught, without false alarms?");
  selftest->add_flag("--short", flags.is_short, "fewer comparisons, in about two minutes");
  selftest->add_option("--kill", flags.kills, "instead: kill N recordings and check every file")
      ->check(CLI::Range(1, 10'000).description(""))
      ->type_name("N");
}

}  // namespace

track_flags parse_track_flags(int argc, char** argv) {
  const auto end = std::find(argv, argv + argc, std::string_view{"--"});
  track_flags flags;
  if (end != argv + argc) flags.bench_flags.assign(end + 1, argv + argc);
  flags.record.bench_flags = flags.bench_flags;

  const auto command = command_name(argc > 0 ? argv[0] : nullptr, "track");
  CLI::App app{"Finds regressions between commits.", command};
  app.set_version_flag("--version", version_line(), "print version and commit");
  app.require_subcommand(1);
  app.footer(with_command_name(footer, "track", command));
  add_record(app, flags);
  add_compare(app, flags);
  add_gate(app, flags);
  add_history(app, flags);
  add_report(app, flags);
  add_export(app, flags);
  add_merge(app, flags);
  add_selftest(app, flags);
  for (auto* const verb : app.get_subcommands({}))
    verb->footer(fmt::format("See also: {} --help", command == "farebench" ? "farebench track" : command));
  try {
    parse_command_line(app, static_cast<int>(end - argv), argv);
  } catch (const CLI::CallForHelp&) {
    print_output(app.help());
    throw help_shown{};
  } catch (const CLI::CallForVersion&) {
    print_output(version_line() + '\n');
    throw version_shown{};
  } catch (const CLI::ParseError& error) {
    throw track_error{error.what()};
  }
  check_sides(flags);
  check_bench_flags(flags, app);
  return flags;
}

bench_flags parse_bench_flags(std::vector<std::string> arguments) {
  std::string program = "bench";
  std::vector<char*> argv{program.data()};
  for (auto& argument : arguments) argv.push_back(argument.data());
  return parse_flags(static_cast<int>(argv.size()), argv.data());
}

namespace {

std::string name_of_flag(const std::string& argument) { return argument.substr(0, argument.find('=')); }

void check_workload_flags(const std::vector<std::string>& arguments) {
  for (const auto& argument : arguments) {
    const auto name = name_of_flag(argument);
    if (name.starts_with("--benchmark_") || name == "--journal" || name == "--timeline") {
      throw track_error{fmt::format(
          "{} has no effect on a comparison: use --strategies, --workers and --pairs instead", argument)};
    }
    if (name == "--server")
      throw track_error{"--server has no effect on a comparison, which starts its own servers: remove it"};
  }
}

}  // namespace

bench_flags parse_workload_flags(const std::vector<std::string>& arguments) {
  check_workload_flags(arguments);
  auto flags = parse_bench_flags(arguments);
  if (!flags.what.programs.empty() || !flags.clients.empty()) {
    throw track_error{
        "--client and --clients are not part of a commit: compare two commands with 'track compare "
        "--client A=COMMAND --client B=COMMAND'"};
  }
  return flags;
}

bench_flags parse_client_workload_flags(std::vector<std::string> arguments,
                                        const std::vector<std::string>& clients) {
  check_workload_flags(arguments);
  for (const auto& argument : arguments) {
    const auto name = name_of_flag(argument);
    if (name == "--strategies" || name == "--loops" || name == "--client" || name == "--clients")
      throw track_error{
          fmt::format("{} has no meaning behind '--': the clients are the two of --client", name)};
  }
  arguments.insert(arguments.begin(), {"--strategies", "none"});
  for (const auto& client : clients) arguments.push_back("--client=" + client);
  return parse_bench_flags(std::move(arguments));
}

}  // namespace farebench::track
