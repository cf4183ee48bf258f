#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/report/row_verdict.hpp"

namespace farebench {

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
