// bench: flags → cases → benchmarks → rows → exit code.

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <stdexcept>
#include <system_error>

#include "bench/clients/clients.hpp"
#include "bench/columns.hpp"
#include "bench/context.hpp"
#include "bench/flags.hpp"
#include "bench/output/row_reporter.hpp"
#include "bench/output/summary.hpp"
#include "bench/progress.hpp"
#include "bench/run_lock.hpp"
#include "bench/suite.hpp"
#include "bench/timeline/memory_curve.hpp"
#include "lib/system/child_process.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/interruption.hpp"
#include "lib/system/output_file.hpp"

namespace {

using namespace farebench;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
/// For the repetition under way when Ctrl-C comes: most take less.
constexpr std::chrono::seconds grace{5};

void print_error(std::string_view text) { farebench::print_error("bench", text); }

/// Hands Google Benchmark its flags; what it leaves over has a value that it does not understand.
void initialize_google_benchmark(std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  argv.reserve(arguments.size());
  for (auto& argument : arguments) argv.push_back(argument.data());
  int argc = static_cast<int>(argv.size());
  benchmark::Initialize(&argc, argv.data());
  if (argc > 1)
    throw flag_error{fmt::format("Google Benchmark does not understand '{}': see --help", argv[1])};
}

/// What Google Benchmark puts behind the names of cases that run once and time themselves.
constexpr std::string_view name_suffix = "/iterations:1/manual_time";

/// The cases whose names --benchmark_filter lets through; a leading '-' inverts it, as there.
std::vector<benchmark_case> filtered(const std::vector<benchmark_case>& cases, const std::string& filter) {
  if (filter.empty() || filter == "all") return cases;
  const bool inverted = filter.starts_with('-');
  try {
    const std::regex wanted{filter.substr(inverted ? 1 : 0), std::regex::extended};
    std::vector<benchmark_case> kept;
    for (const auto& row : cases) {
      if (std::regex_search(row.name() + std::string{name_suffix}, wanted) != inverted) kept.push_back(row);
    }
    return kept;
  } catch (const std::regex_error&) {
    throw flag_error{fmt::format("--benchmark_filter={}: not a regular expression", filter)};
  }
}

/// Returns the libraries of the Python clients, if a case needs them. Removes cases of clients that lack a
/// package, with a note.
python_libraries leave_out_unready_python_clients(std::vector<benchmark_case>& cases, const programs& with,
                                                  std::vector<std::string>& notes) {
  const auto is_python = [](const benchmark_case& row) { return is_python_client(row.strategy); };
  if (std::ranges::none_of(cases, is_python)) return {};
  auto found = find_python_libraries(make_python_command(with.folder()));
  std::vector<std::string> skipped;
  std::erase_if(cases, [&](const benchmark_case& row) {
    if (found.has_all_of(row.strategy)) return false;
    if (std::ranges::find(skipped, row.strategy) == skipped.end()) skipped.push_back(row.strategy);
    return true;
  });
  if (!skipped.empty()) notes.push_back(skip_message(skipped, found));
  return found;
}

void open_journal(std::optional<row_journal>& journal, const std::filesystem::path& path,
                  const std::map<std::string, std::string>& context) {
  try {
    journal.emplace(path, context);
  } catch (const std::system_error& fault) {
    throw std::runtime_error{
        fmt::format("no journal: {}; choose another place with --journal", fault.what())};
  }
}

/// A full disk or a closed pipe shows when the last bytes go out.
void check_standard_output() {
  std::cout.flush();
  if (!std::cout || std::fflush(stdout) != 0) throw std::runtime_error{"standard output cannot be written"};
}

/// A reporter of JSON, which has the context at its head, waits until it is known whether the run was
/// interrupted, and then says so there.
std::unique_ptr<benchmark::BenchmarkReporter> marked_if(
    const interruption& interrupted, std::unique_ptr<benchmark::BenchmarkReporter> reporter) {
  return std::make_unique<late_reporter>(std::move(reporter), [&interrupted] {
    if (!interrupted.has_happened()) return;
    const auto* const context = benchmark::internal::GetGlobalContext();
    if (context && context->contains("interrupted")) return;  // the other reporter's doing
    benchmark::AddCustomContext("interrupted", "before all that was asked for was measured");
  });
}

int run(bench_flags flags) {
  const interruption interrupted{
      grace, [] { print_error("interrupted: the repetition under way may end; once more ends at once"); }};
  const programs with{.mock_server = sibling_path("mock_server"),
                      .fetch_probe = sibling_path("fetch_probe"),
                      .heap_count = sibling_path("libheap_count.so"),
                      .stop = interrupted.stop()};
  initialize_google_benchmark(flags.google_benchmark);
  auto cases = filtered(cases_of(flags.what), flags.filter);
  if (cases.empty())
    throw flag_error{fmt::format("--benchmark_filter={}: no case has such a name", flags.filter)};

  const auto paths = output_paths_of(flags, with.folder());
  const auto peers = leave_out_unready_python_clients(cases, with, flags.notes);
  for (const auto& note : flags.notes) print_error(note);
  if (cases.empty()) return 0;  // each was skipped with a reason, which is no failure
  auto context = measuring_context(with, flags, cases, peers);
  std::optional<run_lock> lock;
  if (!flags.smoke && !flags.lists_only) lock.emplace();
  if (lock && lock->warning()) {
    context["beside"] = "another bench";
    print_error("WARNING: " + *lock->warning());
  }
  for (const auto& [key, value] : context) benchmark::AddCustomContext(key, value);
  if (const auto unfit = unfit_for_measuring(context); !unfit.empty()) {
    benchmark::AddCustomContext("warning", unfit);
    print_error("WARNING: " + unfit);
  }

  progress shown{cases, flags.repetitions};
  std::optional<row_journal> journal;
  std::optional<timeline_file> timeline;
  suite measured{with,
                 flags.smoke ? strictness::correctness_only : strictness::full,
                 flags.sample_every,
                 journal,
                 timeline,
                 shown,
                 interrupted.drain()};
  for (const auto& row : cases) measured.add(row);
  auto display = make_display_reporter(counter_names(), measured.ledger());
  if (flags.display_format == "json") display = marked_if(interrupted, std::move(display));
  if (flags.lists_only) {
    benchmark::RunSpecifiedBenchmarks(display.get());
    return 0;
  }

  if (paths.journal) open_journal(journal, *paths.journal, context);
  if (paths.timeline) timeline.emplace(*paths.timeline, flags.sample_every);
  std::optional<output_file> file;
  std::unique_ptr<benchmark::BenchmarkReporter> file_reporter;
  if (!flags.out.empty()) {
    file.emplace(flags.out);
    file_reporter =
        make_row_reporter(*parse_output_format(flags.out_format), counter_names(), measured.ledger(),
                          benchmark::ConsoleReporter::OO_None, &file->stream());
    if (flags.out_format == "json") file_reporter = marked_if(interrupted, std::move(file_reporter));
  }
  std::optional<output_file> summary_file;
  if (!flags.summary.empty()) summary_file.emplace(flags.summary);
  benchmark::RunSpecifiedBenchmarks(display.get(), file_reporter.get());
  if (measured.ledger().rows() == 0) {
    if (interrupted.has_happened()) return interruption::exit_interrupted;
    throw flag_error{"no case was run"};
  }
  if (file) file->commit();
  if (timeline) timeline->commit();

  // The table is for people: where standard output is for programs, it goes to standard error.
  const auto results = measured.results();
  const bool is_for_people = flags.display_format == "console";
  if (summary_file) {
    summary_file->stream() << summary_csv(results);
    summary_file->commit();
  }
  const auto text = "\n" + summary_text(results, flags.workload_name,
                                        terminal_width(is_for_people ? STDOUT_FILENO : STDERR_FILENO));
  std::fputs(text.c_str(), is_for_people ? stdout : stderr);
  check_standard_output();
  const auto failed = measured.ledger().failed_rows();
  const auto rows = measured.ledger().rows();
  if (failed > 0) print_error(fmt::format("{} of {} rows failed", failed, rows));
  if (interrupted.has_happened()) {
    print_error(
        fmt::format("interrupted: {} of {} rows were measured", rows, cases.size() * flags.repetitions));
    return interruption::exit_interrupted;
  }
  return failed == 0 ? 0 : exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_streams();
  try {
    return run(parse_flags(argc, argv));
  } catch (const help_shown&) {
    benchmark::PrintDefaultHelp();
    return 0;
  } catch (const flag_error& fault) {
    print_error(fault.what());
    return exit_usage;
  } catch (const std::exception& fault) {
    print_error(fault.what());
    return exit_failed;
  }
}
