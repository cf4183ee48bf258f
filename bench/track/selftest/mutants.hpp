#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace farebench::track {

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
