#include <limits>
#include <sstream>
#include <utility>

#include "bench/report/row_format.hpp"

namespace farebench {

namespace {

using benchmark::ConsoleReporter;

/// Puts "-" for each value that isn't a number, in as much room, from `begin` on.
void dash_out(std::string& line, std::size_t begin) {
  for (auto at = line.find("nan", begin); at != std::string::npos; at = line.find("nan", at)) {
    const bool percentage = line.compare(at, 4, "nan%") == 0;
    line.replace(at, percentage ? 4 : 3, percentage ? "   -" : "  -");
  }
}

class console_format final : public row_format {
 public:
  console_format(std::set<std::string> column_names, ConsoleReporter::OutputOptions options)
      : column_names_(std::move(column_names)),
        tabular_((options & ConsoleReporter::OO_Tabular) != 0),
        inner_(options) {
    inner_.SetOutputStream(&scratch_);
    inner_.SetErrorStream(&scratch_);
  }

  void begin(const benchmark::BenchmarkReporter::Context& context, std::ostream&,
             std::ostream& errors) override {
    inner_.ReportContext(context);  // where it learns the width of the names
    scratch_.str({});
    put_plain_context(context, errors);
  }

  // The reason stands where a label does, at the end of the row: there the inner reporter prints the
  // row whole, which it doesn't for one that it knows to have failed.
  void put(const clean_row& row, std::ostream& output) override {
    auto run = row.run;
    const std::string label = std::exchange(run.report_label, {});
    // The inner reporter starts a new table whenever the counters are others than in the row before.
    if (tabular_)
      for (const auto& name : column_names_)
        run.counters.try_emplace(name, std::numeric_limits<double>::quiet_NaN());
    scratch_.str({});
    inner_.ReportRuns({run});
    std::string text = std::move(scratch_).str();
    const auto name_begin = text.rfind(run.benchmark_name());
    if (tabular_) dash_out(text, name_begin + run.benchmark_name().size());
    text.pop_back();  // the newline
    output << text;
    if (!row.failure.empty()) output << " FAILED: " << row.failure;
    if (!label.empty()) output << (row.failure.empty() ? " " : "; ") << label;
    output << '\n';
  }

 private:
  std::set<std::string> column_names_;
  bool tabular_;
  std::ostringstream scratch_;
  ConsoleReporter inner_;
};

}  // namespace

std::unique_ptr<row_format> make_console_format(std::set<std::string> column_names,
                                                ConsoleReporter::OutputOptions options) {
  return std::make_unique<console_format>(std::move(column_names), options);
}

}  // namespace farebench
