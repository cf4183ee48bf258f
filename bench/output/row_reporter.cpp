#include "bench/output/row_reporter.hpp"

#include <benchmark/benchmark.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <ostream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace farebench {

std::optional<output_format> parse_output_format(std::string_view text) {
  if (text == "console") return output_format::console;
  if (text == "json") return output_format::json;
  if (text == "csv") return output_format::csv;
  return std::nullopt;
}

std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  const auto first = line.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  line = line.substr(first, line.find_last_not_of(' ') - first + 1);
  using nlohmann::json;
  return json::parse(json(line).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
}

late_reporter::late_reporter(std::unique_ptr<benchmark::BenchmarkReporter> reporter,
                             std::function<void()> before)
    : reporter_{std::move(reporter)}, before_{std::move(before)} {}

bool late_reporter::ReportContext(const Context& context) {
  context_.emplace(context);
  return true;
}

void late_reporter::ReportRuns(const std::vector<Run>& runs) { reported_.push_back(runs); }

void late_reporter::Finalize() {
  reporter_->SetOutputStream(&GetOutputStream());
  reporter_->SetErrorStream(&GetErrorStream());
  before_();
  if (!context_ || !reporter_->ReportContext(*context_)) return;
  for (const auto& runs : reported_) reporter_->ReportRuns(runs);
  reporter_->Finalize();
}

/// A row that is ready to be put: no error in `run` but in `failure`, every counter finite and
/// among the columns, the label set, every text one line.
struct clean_row {
  benchmark::BenchmarkReporter::Run run;
  std::string failure;  ///< empty: passed
};

/// How one format puts the context and the rows, by Google Benchmark's own reporter of it. Internal
/// to row_reporter, which owns it and hands in the streams.
class row_format {
 public:
  virtual ~row_format() = default;
  virtual void begin(const benchmark::BenchmarkReporter::Context& context, std::ostream& output,
                     std::ostream& errors) = 0;
  virtual void put(const clean_row& row, std::ostream& output) = 0;
  virtual void end(std::ostream&) {}
};

std::unique_ptr<row_format> make_console_format(std::set<std::string> column_names,
                                                benchmark::ConsoleReporter::OutputOptions options);
std::unique_ptr<row_format> make_csv_format(std::set<std::string> column_names);
std::unique_ptr<row_format> make_json_format();

/// What Google Benchmark says of the machine before a console's or a CSV's rows, without its remarks
/// on the library's build, which is always Debian's and never ours.
void put_plain_context(const benchmark::BenchmarkReporter::Context& context, std::ostream& output);

void put_plain_context(const benchmark::BenchmarkReporter::Context& context, std::ostream& output) {
  std::stringstream scratch;
  benchmark::BenchmarkReporter::PrintBasicContext(&scratch, context);
  for (std::string line; std::getline(scratch, line);)
    if (!line.starts_with("***WARNING*** Library was built")) output << line << '\n';
}

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

namespace {

using benchmark::BenchmarkReporter;
using Run = BenchmarkReporter::Run;

std::string quoted_cell(std::string_view text) {
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
    std::string cells = label.empty() ? "" : quoted_cell(label);
    cells += row.failure.empty() ? ",," : ",true," + quoted_cell(row.failure);
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

namespace {

class json_format final : public row_format {
 public:
  void begin(const benchmark::BenchmarkReporter::Context& context, std::ostream& output,
             std::ostream&) override {
    std::ostringstream scratch;
    inner_.SetOutputStream(&scratch);
    inner_.ReportContext(context);
    auto opened = nlohmann::ordered_json::parse(scratch.str() + "]}");
    opened["context"].erase("host_name");
    opened["context"].erase("library_build_type");
    // As the inner reporter goes on from here: rows, and then the end of list and object.
    output << "{\n\"context\": " << opened["context"].dump(2) << ",\n\"benchmarks\": [\n";
  }

  void put(const clean_row& row, std::ostream& output) override {
    auto run = row.run;
    run.error_occurred = !row.failure.empty();
    run.error_message = row.failure;
    inner_.SetOutputStream(&output);
    inner_.ReportRuns({run});
  }

  void end(std::ostream& output) override {
    inner_.SetOutputStream(&output);
    inner_.Finalize();
  }

 private:
  benchmark::JSONReporter inner_;
};

}  // namespace

std::unique_ptr<row_format> make_json_format() { return std::make_unique<json_format>(); }

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
