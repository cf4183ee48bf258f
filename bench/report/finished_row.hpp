#pragma once

#include <map>
#include <optional>
#include <string>

#include "bench/report/row_verdict.hpp"

namespace farebench {

/// One finished repetition of a case, as the journal and the summary take it.
struct finished_row {
  std::optional<double> real_time_ms = {};     ///< absent when it failed before it had one
  std::map<std::string, double> columns = {};  ///< by name; absent when one does not apply
  row_verdict verdict = {};
};

}  // namespace farebench
