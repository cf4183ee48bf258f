#pragma once

#include <benchmark/benchmark.h>

#include <memory>
#include <ostream>
#include <set>
#include <string>

namespace farebench {

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

}  // namespace farebench
