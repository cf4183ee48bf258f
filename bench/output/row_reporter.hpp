#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/output/rows.hpp"

namespace farebench {

/// Those of Google Benchmark.
enum class output_format : std::uint8_t { console, json, csv };

/// From a value of --benchmark_format or --benchmark_out_format; nullopt for any other text.
std::optional<output_format> parse_output_format(std::string_view text);

/// The text as it fits in a line of a table and in JSON: each control character a blank, none at
/// either end, and what isn't UTF-8 replaced by U+FFFD.
std::string one_line(std::string_view text);

/// Keeps all that is reported to it, and hands it on when everything has been measured: for a format that
/// begins with the context, of which some is known only at the end. One thread.
class late_reporter final : public benchmark::BenchmarkReporter {
 public:
  /// `before`: called at the end, before anything is handed on to `reporter`; may add custom context.
  late_reporter(std::unique_ptr<benchmark::BenchmarkReporter> reporter, std::function<void()> before);

  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

 private:
  std::unique_ptr<benchmark::BenchmarkReporter> reporter_;
  std::function<void()> before_;
  std::optional<Context> context_;
  std::vector<std::vector<Run>> reported_;
};

/// A reporter for benchmark::RunSpecifiedBenchmarks, for its display or for its file, that prints
/// through Google Benchmark's own reporter of that format, and mends what that one gets wrong:
///  - a row whose verdict in the ledger is a failure shows the reason *and* its counters (JSON and
///    CSV as error_occurred and error_message, the console as "FAILED: reason"); an aggregate of a
///    case with a failed repetition is itself a failure;
///  - the columns are those of `column_names` from the first row on: each line of the CSV has the same
///    cells, the header of a tabular console comes once;
///  - a counter that is absent or not finite is left out (an empty cell in CSV, "-" in a tabular
///    console), and a `_cv` that is not finite for times that are all zero is 0;
///  - a warning is the row's label, after what the benchmark itself set as one;
///  - a repetition that was skipped as row_not_measured leaves no row;
///  - the context says nothing of the host's name, of paths, or of how Debian built the library.
/// The console and CSV put the context on the error stream, as Google Benchmark does; when that is
/// the same as the output, CSV leaves it out, so that the file is a table.
///
/// `output`: where to write, in place of the stream that Google Benchmark sets. It and the ledger must
/// outlive the reporter. ReportRuns throws std::logic_error for what can only be a mistake in the program: a
/// counter not among `column_names`, a repetition without a verdict, a passed row without a finite time. One
/// thread.
std::unique_ptr<benchmark::BenchmarkReporter> make_row_reporter(
    output_format format, std::vector<std::string> column_names, const row_ledger& ledger,
    benchmark::ConsoleReporter::OutputOptions console_options = benchmark::ConsoleReporter::OO_None,
    std::ostream* output = nullptr);

/// The same with the format, the colours and the tables that the command line asked for: to be
/// called after benchmark::Initialize.
std::unique_ptr<benchmark::BenchmarkReporter> make_display_reporter(std::vector<std::string> column_names,
                                                                    const row_ledger& ledger);

}  // namespace farebench
