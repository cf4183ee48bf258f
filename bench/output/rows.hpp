#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
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

}  // namespace farebench
