#include "bench/report/row_reporter.hpp"

#include <fmt/core.h>

#include <cmath>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "bench/report/one_line.hpp"
#include "bench/report/row_format.hpp"

namespace farebench {

namespace {

using benchmark::BenchmarkReporter;
using Run = BenchmarkReporter::Run;

std::string joined(std::string first, const std::string& second) {
  if (first.empty() || second.empty()) return first + second;
  return std::move(first) + "; " + second;
}

class row_reporter final : public BenchmarkReporter {
 public:
  row_reporter(std::unique_ptr<row_format> format, std::set<std::string> column_names,
               const row_ledger& ledger, std::ostream* output)
      : format_(std::move(format)),
        column_names_(std::move(column_names)),
        ledger_(ledger),
        output_(output) {}

  bool ReportContext(const Context& context) override {
    // It points into argv[0], as does its last component.
    if (const char* path = Context::executable_name) {
      const std::string_view text(path);
      Context::executable_name = path + (text.rfind('/') + 1);  // npos + 1 is 0
    }
    // What is added as custom context comes from anywhere, /proc too, and must not break the JSON.
    if (auto* custom = benchmark::internal::GetGlobalContext())
      for (auto& [key, value] : *custom) value = one_line(value);
    format_->begin(context, output(), output_ ? *output_ : GetErrorStream());
    return true;
  }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const auto& run : runs) {
      if (run.error_occurred && run.error_message == row_not_measured) continue;
      format_->put(cleaned(run), output());
    }
  }

  void Finalize() override { format_->end(output()); }

 private:
  std::ostream& output() const { return output_ ? *output_ : GetOutputStream(); }

  clean_row cleaned(const Run& run) const {
    clean_row row{.run = run, .failure = {}};
    const auto& name = run.run_name.function_name;
    std::string warning;
    if (run.run_type == Run::RT_Aggregate) {
      const auto of = [&](std::size_t count, std::string_view verb) {
        return count == 0 ? ""
                          : fmt::format("{} of {} repetitions {}", count, ledger_.repetitions(name), verb);
      };
      row.failure = of(ledger_.failures(name), "failed");
      warning = of(ledger_.warnings(name), "have a warning");
    } else {
      const auto& verdict = ledger_.verdict(name, run.repetition_index);
      row.failure = one_line(verdict.failure);
      warning = one_line(verdict.warning);
    }
    if (run.error_occurred && row.failure.empty()) row.failure = one_line(run.error_message);
    row.run.error_occurred = false;
    row.run.error_message.clear();
    row.run.report_label = joined(one_line(run.report_label), warning);
    clean_time(row, row.run.real_accumulated_time);
    clean_time(row, row.run.cpu_accumulated_time);
    clean_counters(row.run);
    return row;
  }

  // A time can't be left out: compare.py needs one in each row. For an aggregate it is the ratio of
  // a zero deviation to a zero mean, and no spread at all is what it should have been.
  static void clean_time(const clean_row& row, double& time) {
    if (std::isfinite(time)) return;
    if (row.run.run_type != Run::RT_Aggregate && row.failure.empty())
      throw std::logic_error(fmt::format("'{}' passed without a finite time", row.run.benchmark_name()));
    time = 0;
  }

  void clean_counters(Run& run) const {
    for (const auto& [name, counter] : run.counters)
      if (!column_names_.contains(name))
        throw std::logic_error(
            fmt::format("'{}' has the counter '{}', which is no column", run.benchmark_name(), name));
    std::erase_if(run.counters, [](const auto& counter) { return !std::isfinite(counter.second.value); });
  }

  std::unique_ptr<row_format> format_;
  std::set<std::string> column_names_;
  const row_ledger& ledger_;
  std::ostream* output_;  // in place of the stream that Google Benchmark sets; or none
};

/// The options that the command line gave Google Benchmark's console reporter, which has no way to
/// ask for them from outside.
benchmark::ConsoleReporter::OutputOptions options_of(const benchmark::ConsoleReporter& console) {
  struct opened : benchmark::ConsoleReporter {
    static auto options() { return &opened::output_options_; }
  };
  return console.*opened::options();
}

}  // namespace

std::unique_ptr<BenchmarkReporter> make_row_reporter(
    output_format format, std::vector<std::string> column_names, const row_ledger& ledger,
    benchmark::ConsoleReporter::OutputOptions console_options, std::ostream* output) {
  std::set<std::string> names(column_names.begin(), column_names.end());
  std::unique_ptr<row_format> made;
  switch (format) {
    case output_format::console:
      made = make_console_format(names, console_options);
      break;
    case output_format::json:
      made = make_json_format();
      break;
    case output_format::csv:
      made = make_csv_format(names);
      break;
  }
  return std::make_unique<row_reporter>(std::move(made), std::move(names), ledger, output);
}

std::unique_ptr<BenchmarkReporter> make_display_reporter(std::vector<std::string> column_names,
                                                         const row_ledger& ledger) {
  const BenchmarkReporter* wanted = benchmark::CreateDefaultDisplayReporter();  // the library keeps it
  if (const auto* console = dynamic_cast<const benchmark::ConsoleReporter*>(wanted))
    return make_row_reporter(output_format::console, std::move(column_names), ledger, options_of(*console));
  const bool json = dynamic_cast<const benchmark::JSONReporter*>(wanted) != nullptr;
  return make_row_reporter(json ? output_format::json : output_format::csv, std::move(column_names), ledger);
}

}  // namespace farebench
