#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases.hpp"
#include "bench/measurement.hpp"

namespace farebench {

/// Every column that a row may have, in the order of the documentation: name and meaning (for --help).
struct column_meaning {
  std::string name;
  std::string meaning;
};
const std::vector<column_meaning>& column_meanings();
std::vector<std::string> column_names();

/// The columns of one row, by name; a column that does not apply is absent. Pure.
std::map<std::string, double> columns(const benchmark_case& row, const measurement& seen,
                                      const std::optional<counted_run>& counted);

}  // namespace farebench
