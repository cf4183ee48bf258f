#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/probe/time_histogram.hpp"

namespace farebench {

/// Judgement of a repetition. Each text is one line.
struct row_verdict {
  /// Reason why the figures are invalid; empty if they are valid.
  std::string failure = {};
  /// Caution for readers of the figures; otherwise empty.
  std::string warning = {};
  /// The machine caused the failure, so that another measurement may pass.
  bool is_machines = false;

  bool failed() const { return !failure.empty(); }
  bool operator==(const row_verdict&) const = default;
};

/// A measured repetition of a case.
struct finished_row {
  /// Absent if it failed before it had one.
  std::optional<double> real_time_ms = {};
  /// By name. Inapplicable columns are absent.
  std::map<std::string, double> columns = {};
  /// Times of the items, if the client reports them.
  std::optional<time_histogram> item_histogram = {};
  /// Libraries and language of the client, as it reports them.
  std::string client_version = {};
  row_verdict verdict = {};
};

/// The measured repetitions of a run, by name of the case, in order. Not thread-safe.
class row_ledger {
 public:
  void record(const std::string& case_name, finished_row row);

  /// Empty for a case of which nothing was measured.
  std::span<const finished_row> repetitions(const std::string& case_name) const;

  std::size_t rows() const { return rows_; }
  std::size_t failed_rows() const { return failed_rows_; }

 private:
  std::map<std::string, std::vector<finished_row>> repetitions_;
  std::size_t rows_ = 0;
  std::size_t failed_rows_ = 0;
};

/// Makes text fit into a line of a table and into JSON: ASCII control characters become blanks, invalid UTF-8
/// becomes U+FFFD, blanks at both ends are removed, and printable() escapes the rest.
std::string one_line(std::string_view text);

}  // namespace farebench
