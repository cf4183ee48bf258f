// track: flags → record, compare, gate or selftest → exit code.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

#include "bench/flags.hpp"
#include "bench/track/compare.hpp"
#include "bench/track/comparison_output.hpp"
#include "bench/track/error.hpp"
#include "bench/track/flags.hpp"
#include "bench/track/gate.hpp"
#include "bench/track/record.hpp"
#include "bench/track/selftest.hpp"
#include "lib/system/child_process.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"

namespace {

using namespace farebench;
using namespace farebench::track;

void print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
    throw std::runtime_error{"standard output cannot be written"};
}

/// Returns true for files and folders, but not for ".", which is the working tree.
bool is_recorded(const std::string& side) { return side != "." && std::filesystem::exists(side); }

int print_comparison(const comparison& result, const track_flags& flags, same_findings same) {
  print(flags.json ? comparison_json(result) : comparison_table(result, same));
  std::string steps;
  for (const auto& step : result.steps)
    steps += fmt::format("{}{} {:.1f} s", steps.empty() ? "" : ", ", step.name, step.seconds);
  if (!steps.empty()) fmt::print(stderr, "track: {}\n", steps);
  return exit_code_of(result, flags.strict);
}

int compare(const track_flags& flags) {
  const bool is_base_recorded = is_recorded(flags.base);
  if (is_base_recorded != is_recorded(flags.head)) {
    throw track_error{fmt::format(
        "'{}' is a file or folder and '{}' is not: compare two revisions, or two result files or folders",
        is_base_recorded ? flags.base : flags.head, is_base_recorded ? flags.head : flags.base)};
  }
  if (is_base_recorded && !flags.bench_flags.empty())
    throw track_error{"result files have their own workload: remove '--' and the flags after it"};
  const auto result = is_base_recorded ? compare_recorded(flags.base, flags.head)
                                       : compare_commits(flags.base, flags.head,
                                                         parse_workload_flags(flags.bench_flags), flags.plan);
  return print_comparison(result, flags, same_findings::listed);
}

int gate(const track_flags& flags) {
  std::optional<std::string> against;
  if (!flags.against.empty()) against = flags.against;
  const auto result = run_gate(against, parse_workload_flags(flags.bench_flags), flags.plan);
  if (!flags.summary.empty()) {
    // Appended, as CI services expect of their summary files.
    errno = 0;
    std::ofstream file{flags.summary, std::ios::binary | std::ios::app};
    file << comparison_markdown(result);
    file.close();
    if (!file) {
      if (errno == 0) errno = EIO;
      throw_system_error("write " + flags.summary.string());
    }
  }
  return print_comparison(result, flags, same_findings::counted);
}

int kill_test(int kills) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("farebench-kills-{}", ::getpid());
  const auto report = kill_recordings(sibling_path("track"), folder, kills);
  std::filesystem::remove_all(folder);
  print(fmt::format(
      "{} recordings killed, {} of them while the file was being written: {} files whole, {} not; "
      "{} parts left after the next recording\n",
      report.kills, report.killed_while_writing, report.whole, report.broken, report.abandoned_parts));
  if (!report.first_error.empty()) print_error("track", report.first_error);
  return report.broken == 0 && report.abandoned_parts == 0 ? exit_nothing_worse : exit_worse;
}

int selftest(const track_flags& flags) {
  if (flags.kills > 0) return kill_test(flags.kills);
  const auto rates = run_selftest(flags.is_short ? selftest_plan::brief() : selftest_plan{},
                                  [](const std::string& line) { print(line + '\n'); });
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
