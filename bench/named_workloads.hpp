#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/benchmark_case.hpp"

namespace farebench {

/// A workload that --workload knows.
struct named_workload {
  std::string_view name;
  std::string_view meaning;  ///< for people
  workload what;             ///< but for its strategies, which are chosen for each run
};

/// nullptr when there is none of that name. Lives for ever.
const named_workload* find_workload(std::string_view name);

std::vector<std::string_view> workload_names();
/// "light: 100 days, …; article: …"
std::string workload_meanings();

}  // namespace farebench
