#pragma once

#include <string>
#include <vector>

#include "bench/report/finished_row.hpp"

namespace farebench {

/// A case and its repetitions, for the tables that end a run.
struct summary_case {
  std::string strategy;
  int workers = 0;
  std::string note = {};  ///< to stand behind the workers, e.g. "article's default pool: 5 × cores"
  std::vector<finished_row> repetitions = {};
  std::string point = {};  ///< all but the strategy: cases of one point can be compared with each other
  bool is_hold = false;    ///< of a point at which all workers are in flight at once
};

}  // namespace farebench
