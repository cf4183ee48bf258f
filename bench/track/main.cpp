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
#include <system_error>

#include "bench/flags.hpp"
#include "bench/track/compare.hpp"
#include "bench/track/comparison_output.hpp"
#include "bench/track/flags.hpp"
#include "bench/track/gate.hpp"
#include "bench/track/record.hpp"
#include "bench/track/selftest.hpp"
#include "lib/system/child_process.hpp"
#include "lib/system/command_line.hpp"

namespace {

using namespace farebench;
using namespace farebench::track;

void say(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
    throw std::runtime_error{"standard output cannot be written"};
}

/// A result file or a folder of them; the working tree is a folder too, and means its commit.
bool is_recorded(const std::string& asked) { return asked != "." && std::filesystem::exists(asked); }

comparison compare(const track_flags& flags) {
  const bool base = is_recorded(flags.base);
  const bool head = is_recorded(flags.head);
  if (base != head) {
    throw track_error{
        fmt::format("{} is a {} and {} is none: compare two revisions, or two of what is recorded",
                    base ? flags.base : flags.head, "file or folder", base ? flags.head : flags.base)};
  }
  if (!base) return compare_commits(flags.base, flags.head, workload_flags(flags.bench_flags), flags.plan);
  if (!flags.bench_flags.empty())
    throw track_error{"files hold the workload that they hold: no flags behind '--'"};
  return compare_recorded(flags.base, flags.head);
}

/// Appended, as those who show such files (CI services) expect it.
void append_summary(const std::filesystem::path& path, const std::string& text) {
  errno = 0;
  std::ofstream file{path, std::ios::binary | std::ios::app};
  file << text;
  file.close();
  if (!file)
    throw std::system_error{errno != 0 ? errno : EIO, std::generic_category(), "write " + path.string()};
}

int gate(const track_flags& flags) {
  std::optional<std::string> against;
  if (!flags.against.empty()) against = flags.against;
  const auto made = run_gate(against, workload_flags(flags.bench_flags), flags.plan);
  if (!flags.summary.empty()) append_summary(flags.summary, comparison_markdown(made));
  if (flags.json) {
    say(comparison_json(made));
  } else {
    say(flags.summary.empty() ? comparison_markdown(made) : comparison_table(made));
  }
  return exit_code_of(made, flags.strict);
}

int selftest(const track_flags& flags) {
  const auto rates = run_selftest(flags.is_short ? selftest_plan::brief() : selftest_plan{},
                                  [](const std::string& line) { say(line + '\n'); });
  return std::ranges::all_of(rates, &selftest_rate::is_good) ? exit_nothing_worse : exit_worse;
}

int kill_test(int kills) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("farebench-kills-{}", ::getpid());
  const auto report = kill_recordings(sibling_path("track"), folder, kills);
  std::filesystem::remove_all(folder);
  say(fmt::format(
      "{} recordings killed, {} of them while the file was being written: {} files whole, {} not; "
      "{} parts left after the next recording\n",
      report.kills, report.killed_while_writing, report.whole, report.broken, report.abandoned_parts));
  if (!report.first_complaint.empty()) print_error("track", report.first_complaint);
  return report.broken == 0 && report.abandoned_parts == 0 ? exit_nothing_worse : exit_worse;
}

int run(const track_flags& flags) {
  switch (flags.verb) {
    case track_flags::verb_of::record:
      return record(flags.record);
    case track_flags::verb_of::compare: {
      const auto made = compare(flags);
      say(flags.json ? comparison_json(made) : comparison_table(made));
      return exit_code_of(made, flags.strict);
    }
    case track_flags::verb_of::gate:
      return gate(flags);
    case track_flags::verb_of::selftest:
      return flags.kills > 0 ? kill_test(flags.kills) : selftest(flags);
  }
  return exit_usage;
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error like a full disk
  try {
    return run(parse_track_flags(argc, argv));
  } catch (const help_asked& help) {
    fmt::print("{}", help.text);
    return 0;
  } catch (const help_shown&) {  // the bench's
    return 0;
  } catch (const flag_error& fault) {
    print_error("track", fault.what());
    return exit_usage;
  } catch (const track_error& fault) {
    print_error("track", fault.what());
    return fault.exit_code();
  } catch (const std::exception& fault) {
    print_error("track", fault.what());
    return exit_usage;
  }
}
