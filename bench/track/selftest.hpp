#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace farebench::track {

/// What was left when recordings were killed.
struct kill_report {
  int kills = 0;
  int killed_while_writing = 0;  ///< of those, with the file on its way
  int whole = 0;                 ///< result files, each read to its end
  int broken = 0;                ///< files under a result's name that are none
  int abandoned_parts = 0;       ///< at the end, after one recording that was let be
  std::string first_complaint;   ///< about a broken one
};

/// Runs `track record` of a tiny workload into a folder and kills it (SIGKILL) again and again: every other
/// one at a random moment of all that it does, the others while its file is being written. Then lets one be,
/// and reads every file there.
kill_report kill_recordings(const std::filesystem::path& track, const std::filesystem::path& folder,
                            int kills);

/// A client that is worse on purpose (tests/mutants), and the metric by which it must be caught.
struct mutant {
  std::string_view program;
  std::string_view meaning;
  std::string_view metric;
};
const std::vector<mutant>& mutants();

/// How many comparisons each rate comes from.
struct selftest_plan {
  int of_each_mutant = 20;
  int of_itself = 60;

  static selftest_plan brief() { return {.of_each_mutant = 2, .of_itself = 3}; }
};

/// What came of comparisons that should all have come out in one way.
struct selftest_rate {
  std::string what;
  int flagged;
  int of;
  bool is_good;
};
/// Caught at least 19 times in 20; an alarm at most once in 60. Rounded against us. Pure.
selftest_rate catching_rate(std::string what, int caught, int of);
selftest_rate alarm_rate(std::string what, int alarms, int of);

/// Compares this build's client with each mutant, and with itself, again and again, each time anew: with no
/// floor but the stated minimum and what the comparison finds inside itself. `say` gets each rate as it is
/// known, and what was seen on the way. Throws track_error where the mutants were not built, or this build
/// cannot count heaps.
std::vector<selftest_rate> run_selftest(const selftest_plan& plan,
                                        const std::function<void(const std::string&)>& say);

}  // namespace farebench::track
