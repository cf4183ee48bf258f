// track: flags → record, compare, gate, history, report, export, merge or selftest → exit code.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "bench/flags.hpp"
#include "bench/output/results.hpp"
#include "bench/track/compare.hpp"
#include "bench/track/comparison_output.hpp"
#include "bench/track/error.hpp"
#include "bench/track/export.hpp"
#include "bench/track/flags.hpp"
#include "bench/track/gate.hpp"
#include "bench/track/history.hpp"
#include "bench/track/merge.hpp"
#include "bench/track/record.hpp"
#include "bench/track/report.hpp"
#include "bench/track/result_file.hpp"
#include "bench/track/selftest.hpp"
#include "bench/track/strict_json.hpp"
#include "lib/system/child_process.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"
#include "lib/system/locations.hpp"
#include "lib/system/output_file.hpp"

namespace {

using namespace farebench;
using namespace farebench::track;
namespace fs = std::filesystem;

/// Returns nullopt outside of a repository.
std::optional<std::filesystem::path> find_repository_root() {
  try {
    return repository::open().root();
  } catch (const track_error&) {
    return std::nullopt;
  }
}

/// Returns the folder of results: that of the repository, or for an installed track outside of one, the
/// user's folder for state. Throws track_error if there is neither.
fs::path results_folder() {
  if (is_in_build_tree()) return repository::open().root() / "results";
  if (const auto root = find_repository_root()) return *root / "results";
  if (const auto state = state_folder()) return *state;
  throw track_error{"no folder of results: name FILES, or set HOME or XDG_STATE_HOME"};
}

/// Returns the folder of recordings. Throws track_error if there is none.
fs::path recordings_folder() {
  auto folder = results_folder() / "runs";
  if (exists(folder)) return folder;
  throw track_error{fmt::format("there are no recordings in {}: name FILES, or make one with track record",
                                folder.string())};
}

/// Returns true for files and folders, but not for ".", which is the working tree.
bool is_recorded(const std::string& side) { return side != "." && std::filesystem::exists(side); }

int print_comparison(const comparison& result, const track_flags& flags, same_findings same) {
  print_output(flags.json ? comparison_json(result) : comparison_table(result, same));
  std::string steps;
  for (const auto& step : result.steps)
    steps += fmt::format("{}{} {:.1f} s", steps.empty() ? "" : ", ", step.name, step.seconds);
  if (!steps.empty()) fmt::print(stderr, "track: {}\n", steps);
  return exit_code_of(result, flags.strict);
}

/// Compares, prints the comparison, and appends it to the file of --summary.
int publish_comparison(const std::function<comparison()>& compare, const track_flags& flags,
                       same_findings same) {
  const auto check = [&](const std::ofstream& file, const char* call) {
    if (file) return;
    if (errno == 0) errno = EIO;
    throw_system_error(call + flags.summary.string());
  };
  // Appended, as CI services expect of their summary files. Opened before the work starts.
  std::ofstream summary;
  errno = 0;
  if (!flags.summary.empty()) summary.open(flags.summary, std::ios::binary | std::ios::app);
  check(summary, "open ");
  const auto append = [&](const std::string& text) {
    if (!summary.is_open()) return;
    errno = 0;
    summary << text;
    summary.close();
    check(summary, "write ");
  };
  try {
    const auto result = compare();
    const int exit_code = print_comparison(result, flags, same);
    append(comparison_markdown(result, command_of(result, flags.bench_flags)));
    return exit_code;
  } catch (const track_error& error) {
    append(failed_comparison_markdown(error.what()));
    throw;
  }
}

/// Returns the comparison that the flags choose: of clients, result files or commits.
std::function<comparison()> comparison_of(const track_flags& flags) {
  if (!flags.clients.empty()) {
    return [&flags, workload = parse_client_workload_flags(flags.bench_flags, flags.clients)] {
      return compare_clients(flags.clients.front(), flags.clients.back(), workload, flags.plan);
    };
  }
  for (const auto& side : {flags.base, flags.head}) {
    if (side.ends_with(".json") && !is_recorded(side))
      throw track_error{fmt::format("compare: there is no file '{}'", side)};
  }
  const bool is_base_recorded = is_recorded(flags.base);
  if (is_base_recorded != is_recorded(flags.head)) {
    throw track_error{fmt::format(
        "'{}' is a file or folder and '{}' is not: compare two revisions, or two result files or folders",
        is_base_recorded ? flags.base : flags.head, is_base_recorded ? flags.head : flags.base)};
  }
  if (!is_base_recorded) {
    return [&flags, workload = parse_workload_flags(flags.bench_flags)] {
      return compare_commits(flags.base, flags.head, workload, flags.plan);
    };
  }
  if (!flags.bench_flags.empty())
    throw track_error{"result files have their own workload: remove '--' and the flags after it"};
  return [&flags] { return compare_recorded(flags.base, flags.head); };
}

int compare(const track_flags& flags) {
  return publish_comparison(comparison_of(flags), flags, same_findings::listed);
}

int gate(const track_flags& flags) {
  std::optional<std::string> against;
  if (!flags.against.empty()) against = flags.against;
  const auto workload = parse_workload_flags(flags.bench_flags);
  return publish_comparison([&] { return run_gate(against, workload, flags.plan); }, flags,
                            same_findings::counted);
}

std::vector<accepted_regression> accepted_regressions(const track_flags& flags) {
  if (!flags.accepted.empty())
    return parse_accepted(read_input_file(flags.accepted), flags.accepted.string());
  const auto root = find_repository_root();
  return root ? read_accepted(*root / "results" / "accepted.json") : std::vector<accepted_regression>{};
}

/// Reads files for history and report, and prints an error per file that cannot be read.
report_input read_files(const std::vector<std::filesystem::path>& files) {
  auto input = read_report_input(files);
  for (const auto& broken : input.broken) print_error("track", broken.message);
  return input;
}

int history(const track_flags& flags) {
  const auto input = read_files(flags.files.empty() ? std::vector{recordings_folder()} : flags.files);
  const auto accepted = accepted_regressions(flags);
  print_output(flags.json ? ascii_json(history_report_json(input, accepted)) + "\n"
                          : history_table(make_history(input.recordings, accepted)));
  return exit_nothing_worse;
}

/// Returns the files of a report: those of the flags, else those of the repository.
std::vector<std::filesystem::path> report_files(const track_flags& flags) {
  auto files = flags.files;
  auto runs = flags.runs;
  if (files.empty()) {
    for (const char* name : {"article.json", "light.json", "light-debian13.json", "scale.json",
                             "scale-debian13.json", "clients.json"})
      if (const auto path = results_folder() / name; exists(path)) files.push_back(path);
    if (runs.empty() && exists(results_folder() / "runs")) runs = results_folder() / "runs";
    if (files.empty() && runs.empty())
      throw track_error{fmt::format("there are no results in {}: name FILES of bench --benchmark_out",
                                    results_folder().string())};
  }
  if (!flags.runs.empty() && !is_directory(flags.runs))
    throw track_error{fmt::format("--runs: '{}' is not a folder", flags.runs.string())};
  if (!runs.empty()) files.push_back(runs);
  return files;
}

/// Opens the output of a verb. Throws track_error if it is one of the verb's inputs.
output_file open_output(const fs::path& path, const std::vector<fs::path>& inputs, std::string_view verb) {
  std::error_code ignored;
  for (const auto& input : inputs) {
    if (fs::equivalent(path, input, ignored))
      throw track_error{
          fmt::format("--out {}: this file is an input of the {}; choose another path", path.string(), verb)};
  }
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  return output_file{path};
}

int report(const track_flags& flags) {
  const auto files = report_files(flags);
  if (flags.json) {
    print_output(ascii_json(report_json(read_files(files), accepted_regressions(flags))) + "\n");
    return exit_nothing_worse;
  }
  // Opened before the work starts.
  auto page = open_output(flags.page, files, "report");
  const auto json = report_json(read_files(files), accepted_regressions(flags));
  page.stream() << fill_page(read_empty_page(), json);
  page.commit();
  // Standard output may be the page.
  if (fs::is_regular_file(flags.page)) print_output(flags.page.string() + "\n");
  return exit_nothing_worse;
}

int export_results(const track_flags& flags) {
  // Opened before the work starts.
  auto out = open_output(flags.export_file, flags.files, "export");
  const auto files = read_exported_files(flags.files);
  out.stream() << export_text(files, flags.format, flags.columns);
  out.commit();
  if (const auto note = failure_note(files); !note.empty()) print_error("track", note);
  return exit_nothing_worse;
}

int merge(const track_flags& flags) {
  // Opened before the work starts.
  auto out = open_output(flags.merged_file, flags.files, "merge");
  const auto merged = merge_files(flags.files, flags.is_partial);
  write_result(out.stream(), merged.result["schema"], merged.result["context"], merged.result["benchmarks"]);
  out.commit();
  if (!merged.timeline) {
    if (!merged.timeline_error.empty())
      print_error("track", fmt::format("no timeline is written: {}", merged.timeline_error));
  } else if (const auto file = replaced_file(flags.merged_file)) {
    write_file(timeline_path(*file), *merged.timeline);
  }
  return exit_nothing_worse;
}

int kill_test(int kills) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("farebench-kills-{}", ::getpid());
  const auto report = kill_recordings(sibling_path("track"), folder, kills);
  std::filesystem::remove_all(folder);
  print_output(fmt::format(
      "{} recordings killed, {} of them while the file was being written: {} files whole, {} not; "
      "{} parts left after the next recording\n",
      report.kills, report.killed_while_writing, report.whole, report.broken, report.abandoned_parts));
  if (!report.first_error.empty()) print_error("track", report.first_error);
  return report.broken == 0 && report.abandoned_parts == 0 ? exit_nothing_worse : exit_worse;
}

int selftest(const track_flags& flags) {
  if (flags.kills > 0) return kill_test(flags.kills);
  const auto rates = run_selftest(flags.is_short ? selftest_plan::brief() : selftest_plan{},
                                  [](const std::string& line) { print_output(line + '\n'); });
  return std::ranges::all_of(rates, &selftest_rate::is_good) ? exit_nothing_worse : exit_worse;
}

int run(const track_flags& flags) {
  switch (flags.verb) {
    case verb::record:
      return record(flags.record, parse_bench_flags(flags.bench_flags));
    case verb::compare:
      return compare(flags);
    case verb::gate:
      return gate(flags);
    case verb::history:
      return history(flags);
    case verb::report:
      return report(flags);
    case verb::export_results:
      return export_results(flags);
    case verb::merge:
      return merge(flags);
    case verb::selftest:
      return selftest(flags);
  }
  return exit_usage;
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_streams();
  // Writing beyond a file size limit becomes an error like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return run(parse_track_flags(argc, argv));
  } catch (const help_shown&) {
    return 0;
  } catch (const track_error& error) {
    print_error("track", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    print_error("track", error.what());
    return exit_usage;
  }
}
