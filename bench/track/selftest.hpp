#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace farebench::track {

/// Files found after recordings were killed.
struct kill_report {
  int kills = 0;
  /// Of those, while the file was being written.
  int killed_while_writing = 0;
  /// Valid result files.
  int whole = 0;
  /// Invalid files with the name of a result file.
  int broken = 0;
  /// Parts left after one more recording, which was not killed.
  int abandoned_parts = 0;
  /// Error of the first broken file.
  std::string first_error;
};

/// Runs `track record` of a tiny workload into a folder and kills it (SIGKILL), `kills` times: in turn at a
/// random moment, and while it writes its file. Then runs it once to the end and reads every file.
kill_report kill_recordings(const std::filesystem::path& track, const std::filesystem::path& folder,
                            int kills);

/// A worse client, see mutant_probe.cpp.
struct mutant {
  std::string_view name;
  /// For people.
  std::string_view meaning;
  /// The metric that must detect it.
  std::string_view metric;
};

std::span<const mutant> mutants();

struct selftest_plan {
  int comparisons_per_mutant = 20;
  int comparisons_with_itself = 60;

  static selftest_plan brief() { return {.comparisons_per_mutant = 2, .comparisons_with_itself = 3}; }
};

/// Result of several comparisons that should agree.
struct selftest_rate {
  std::string title;
  int flagged;
  int comparisons;
  bool is_good;
};

/// Good from 95 % on: 19 of 20, 4 of 4. Pure.
selftest_rate catching_rate(std::string title, int caught, int comparisons);
/// Good up to one in 60, and none in fewer. Pure.
selftest_rate alarm_rate(std::string title, int alarms, int comparisons);

/// Compares this build's client with each mutant and with itself, each time without knowledge of earlier
/// noise. `print_line` receives each rate as soon as it is known, and what was missed. Throws track_error if
/// this build is not fit for measuring.
std::vector<selftest_rate> run_selftest(const selftest_plan& plan,
                                        const std::function<void(const std::string&)>& print_line);

}  // namespace farebench::track
