#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

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

/// One finished repetition of a case, as the journal and the summary take it.
struct finished_row {
  std::optional<double> real_time_ms = {};     ///< absent when it failed before it had one
  std::map<std::string, double> columns = {};  ///< by name; absent when one does not apply
  row_verdict verdict = {};
};

/// A case and its repetitions, for the tables that end a run.
struct summary_case {
  std::string strategy;
  int workers = 0;
  std::string note = {};  ///< to stand behind the workers, e.g. "article's default pool: 5 × cores"
  std::vector<finished_row> repetitions = {};
  std::string point = {};  ///< all but the strategy: cases of one point can be compared with each other
  bool is_hold = false;    ///< of a point at which all workers are in flight at once
};

/// The verdicts of a run: who measures records one for each repetition of a case, as it ends, under
/// the name that the benchmark was registered with; the reporters look them up when Google Benchmark
/// hands out the rows, all repetitions of a case at once. (Its own SkipWithError would take the
/// row's counters away before any reporter sees them, so a failure goes this way.) Counts what was
/// recorded, whether or not it is ever displayed. One thread.
///
/// A call of the benchmark function that is no repetition must not record: so no
/// --benchmark_min_warmup_time.
class row_ledger {
 public:
  void record(const std::string& benchmark_name, row_verdict verdict);

  /// Throws std::logic_error, naming both, when that repetition was never recorded.
  const row_verdict& verdict(const std::string& benchmark_name, std::int64_t repetition) const;

  std::size_t repetitions(const std::string& benchmark_name) const;
  std::size_t failures(const std::string& benchmark_name) const;
  std::size_t warnings(const std::string& benchmark_name) const;

  std::size_t rows() const { return rows_; }
  std::size_t failed_rows() const { return failed_rows_; }

 private:
  std::map<std::string, std::vector<row_verdict>> verdicts_;
  std::size_t rows_ = 0;
  std::size_t failed_rows_ = 0;
};

// What stands for a case in tables: medians over its repetitions that have a finite value. Pure.

/// The middle one, or the mean of the middle two; nullopt of none.
std::optional<double> median(std::vector<double> values);
std::optional<double> median_column(const summary_case& what, const std::string& name);
std::optional<double> median_time_ms(const summary_case& what);

/// Whether any repetition failed: then no figure of the case counts.
bool has_failed(const summary_case& what);

/// How far a case is above the physical floor (raw_epoll) at the same point of the same run.
struct floor_ratios {
  std::optional<double> wall;  ///< its median wall time over the floor's
  std::optional<double> cpu;   ///< its median CPU time a request over the floor's
};

/// Whether there is a floor among the cases, at any point.
bool has_floor(std::span<const summary_case> cases);

/// Absent without a floor at the case's point, with one that failed, and for a figure that either lacks.
/// Pure.
floor_ratios over_floor(const summary_case& what, std::span<const summary_case> cases);

}  // namespace farebench
