#pragma once

#include <string>

namespace farebench {

/// The error with which a benchmark skips a repetition that was not measured at all: it leaves no row.
inline constexpr const char* row_not_measured = "not measured";

/// What the suite thinks of one repetition of a case, beside its figures. Each text is one line;
/// what would break a line is printed as a blank.
struct row_verdict {
  std::string failure = {};  ///< why the figures don't count; empty: they do
  std::string warning = {};  ///< what to know when reading them; empty: nothing
  bool is_machines = false;  ///< it failed by what the machine did meanwhile: another measurement may stand

  bool failed() const { return !failure.empty(); }
  bool operator==(const row_verdict&) const = default;
};

}  // namespace farebench
