#include <cstddef>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "bench/report/row_format.hpp"

namespace farebench {

namespace {

using benchmark::BenchmarkReporter;
using Run = BenchmarkReporter::Run;

std::string quoted(std::string_view text) {
  std::string cell = "\"";
  for (const char c : text) cell += c == '"' ? std::string(2, c) : std::string(1, c);
  return cell + '"';
}

/// Where the cell with that number (from 0) begins.
std::size_t cell_begin(std::string_view line, std::size_t number) {
  bool in_quotes = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (number == 0) return at;
    if (line[at] == '"') in_quotes = !in_quotes;
    if (line[at] == ',' && !in_quotes) --number;
  }
  throw std::logic_error("Google Benchmark's CSV has fewer cells than it should");
}

class csv_format final : public row_format {
 public:
  explicit csv_format(std::set<std::string> column_names) : column_names_(std::move(column_names)) {
    inner_.SetOutputStream(&scratch_);
    scratch_.precision(std::numeric_limits<double>::digits10);  // by itself 6 digits, too few for bytes
  }

  void begin(const BenchmarkReporter::Context& context, std::ostream& output, std::ostream& errors) override {
    if (&output != &errors) put_plain_context(context, errors);
    // The inner reporter takes its columns from the first row that it sees. This one isn't shown.
    Run every_column;
    for (const auto& name : column_names_) every_column.counters[name] = 0;
    const std::string text = rendered(every_column);
    output << text.substr(0, text.find('\n') + 1);
  }

  void put(const clean_row& row, std::ostream& output) override {
    constexpr std::size_t label_cell = 7;  // error_occurred and error_message follow
    auto run = row.run;
    const std::string label = std::exchange(run.report_label, {});
    restore_ratio(run);
    std::string text = rendered(run);
    std::string cells = label.empty() ? "" : quoted(label);
    cells += row.failure.empty() ? ",," : ",true," + quoted(row.failure);
    output << text.replace(cell_begin(text, label_cell), 2, cells);
  }

 private:
  std::string rendered(const Run& run) {
    scratch_.str({});
    inner_.ReportRuns({run});
    return std::move(scratch_).str();
  }

  // The inner reporter prints the ratios of a `_cv` as if they were times: in units, and by iteration.
  static void restore_ratio(Run& run) {
    if (run.run_type != Run::RT_Aggregate || run.aggregate_unit != benchmark::kPercentage) return;
    const double iterations = run.iterations == 0 ? 1 : static_cast<double>(run.iterations);
    const double scale = iterations / benchmark::GetTimeUnitMultiplier(run.time_unit);
    run.real_accumulated_time *= scale;
    run.cpu_accumulated_time *= scale;
  }

  std::set<std::string> column_names_;
  std::ostringstream scratch_;
// Deprecated for as long as there is no other CSV.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  benchmark::CSVReporter inner_;
#pragma GCC diagnostic pop
};

}  // namespace

std::unique_ptr<row_format> make_csv_format(std::set<std::string> column_names) {
  return std::make_unique<csv_format>(std::move(column_names));
}

}  // namespace farebench
