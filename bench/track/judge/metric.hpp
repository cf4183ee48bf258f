#pragma once

#include <span>
#include <string>
#include <string_view>

namespace farebench::track {

/// A figure that commits are judged by; more is worse in each of them.
struct metric {
  enum class kind_of { exact, noisy };

  std::string_view name;   ///< of the column; the wall time is "real_time"
  std::string_view label;  ///< for tables
  kind_of kind;
  /// Of an exact one, a change up to max(share · base, absolute) is none.
  double share = 0;
  double absolute = 0;
  /// Of a noisy one, the stated minimum of its floor: a smaller change, as a share of the base, is of no
  /// interest even where it could be seen.
  double least_floor = 0;

  bool is_exact() const { return kind == kind_of::exact; }
};

/// All of them, in the order of the tables.
std::span<const metric> metrics();
/// nullptr when there is none of that name.
const metric* find_metric(std::string_view name);

/// A metric's figure for people: "46.1 ms", "2.31 MiB", "62.6".
std::string figure_text(const metric& of, double value);

}  // namespace farebench::track
