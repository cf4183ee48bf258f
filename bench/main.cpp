// bench: flags → cases → repetitions → rows → exit code.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "bench/check_client.hpp"
#include "bench/context.hpp"
#include "bench/flags.hpp"
#include "bench/google_benchmark.hpp"
#include "bench/output/results.hpp"
#include "bench/output/summary.hpp"
#include "bench/progress.hpp"
#include "bench/run_lock.hpp"
#include "bench/server_elsewhere.hpp"
#include "bench/suite.hpp"
#include "bench/timeline/memory_curve.hpp"
#include "lib/system/child_process.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"
#include "lib/system/interruption.hpp"
#include "lib/system/locations.hpp"
#include "lib/system/output_file.hpp"

namespace {

using namespace farebench;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
/// For the current repetition after Ctrl-C. Most take less.
constexpr std::chrono::seconds grace{5};

void print_error(std::string_view text) { farebench::print_error("bench", text); }

void open_journal(std::optional<row_journal>& journal, const std::filesystem::path& path,
                  const std::map<std::string, std::string>& context) {
  try {
    journal.emplace(path, context);
  } catch (const std::system_error& error) {
    throw std::runtime_error{fmt::format("no journal: {}; choose another path with --journal", error.what())};
  }
}

/// See no-color.org about NO_COLOR.
bool is_color_terminal() {
  const char* const refused = std::getenv("NO_COLOR");
  if (refused != nullptr && *refused != '\0') return false;
  const char* const terminal = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && terminal != nullptr && std::string_view{terminal} != "dumb";
}

/// Returns whether standard output is for people and not for programs.
bool is_for_people(const bench_flags& flags) {
  return flags.display_format.value_or(output_format::console) == output_format::console;
}

/// Returns whether people see the rows on standard output as they finish.
bool shows_rows(const bench_flags& flags) {
  return flags.display_format == output_format::console ||
         (flags.display_format == output_format::csv && isatty(STDOUT_FILENO) == 1);
}

/// Writes the rows of a run to standard output and to the result file.
class row_outputs {
 public:
  row_outputs(const bench_flags& flags, std::size_t name_width, const nlohmann::ordered_json& context)
      : display_aggregates_only_{flags.display_aggregates_only} {
    if (!flags.out.empty()) {
      file_.emplace(flags.out);
      if (flags.out_format == output_format::console) file_->stream() << context_text(context);
      file_writer_.emplace(flags.out_format, file_->stream(),
                           console_options{.tabular = false, .name_width = name_width});
    }
    if (!flags.display_format) return;
    // JSON has the context itself.
    if (flags.display_format != output_format::json) std::cerr << context_text(context) << std::flush;
    display_.emplace(*flags.display_format, display_text_,
                     console_options{.tabular = flags.tabular,
                                     .color = flags.color.value_or(is_color_terminal()),
                                     .name_width = name_width});
  }

  void add(std::vector<reported_row> rows, const row_ledger& ledger) {
    for (auto& row : rows) {
      add_verdict(row, ledger);
      if (file_writer_) file_writer_->add(row);
      // Google Benchmark aggregates cases with two repetitions or more.
      const bool is_hidden = display_aggregates_only_ && row.aggregate.empty() &&
                             ledger.repetitions(row.parameters.name()).size() > 1;
      if (display_ && !is_hidden) display_->add(row);
    }
    display();
  }

  void finish(const nlohmann::ordered_json& context) {
    if (display_) display_->finish(context);
    display();
    if (!file_writer_) return;
    file_writer_->finish(context);
    file_->commit();
  }

  /// First error of standard output. It does not end the run, which has other outputs.
  std::error_code display_error() const { return display_error_; }

 private:
  void display() {
    const auto error = write_output(display_text_.str());
    if (!display_error_) display_error_ = error;
    display_text_.str("");
  }

  bool display_aggregates_only_;
  std::optional<output_file> file_;
  std::optional<result_writer> file_writer_;
  std::ostringstream display_text_;
  std::optional<result_writer> display_;
  std::error_code display_error_;
};

programs programs_beside_bench() {
  programs with{.mock_server = sibling_path("mock_server"),
                .fetch_probe = sibling_path("fetch_probe"),
                .heap_count = sibling_path("libheap_count.so")};
  // track stages the clients of older commits, which have no native transport.
  if (const auto native = with.fetch_probe.parent_path() / "fetch_probe_native"; exists(native))
    with.fetch_probe_native = native;
  return with;
}

/// Returns the folder whose folder clients has the built clients: beside the bench, or else the user's.
std::optional<std::filesystem::path> folder_of_clients() {
  const auto here = program_folder();
  return exists(here / "clients") ? std::optional{here} : default_cache_folder();
}

int check_clients(bench_flags flags) {
  const auto with = programs_beside_bench();
  add_clients(flags, folder_of_clients());
  raise_open_file_limit();
  std::size_t failed = 0;
  for (const auto& client : flags.check->clients) {
    if (!flags.check->names.empty()) print_output(fmt::format("{}\n", client->info.name));
    check_options options{.tasks = flags.check->tasks};
    if (!client->info.uses_workers) options.workers = 1;
    failed += check_client(with, client, options, print_output);
  }
  return failed == 0 ? 0 : exit_failed;
}

int run(bench_flags flags) {
  // Results are still written to files when the reader of standard output has closed it.
  std::signal(SIGPIPE, SIG_IGN);
  const interruption interrupted{
      grace, [] {
        // Ends the line of the progress.
        if (isatty(STDERR_FILENO) == 1) std::fputc('\n', stderr);
        print_error("interrupted: finishing the current repetition; Ctrl-C again exits at once");
      }};
  auto with = programs_beside_bench();
  with.stop = interrupted.stop();
  const auto paths = output_paths_of(flags, default_state_folder());
  add_clients(flags, folder_of_clients());
  if (!flags.servers.empty()) {
    with.server_url = server_of(flags);
    std::vector<server_stats> settings;
    settings.reserve(flags.servers.size());
    for (const auto& server : flags.servers) settings.push_back(fetch_settings(server));
    apply_servers(flags, settings);
  }
  // Inherited by the clients and the server.
  raise_open_file_limit();
  initialize_google_benchmark(flags.google_benchmark);
  const auto selected = select_cases(cases_of(flags.what));
  std::vector<benchmark_case> all_cases;
  all_cases.reserve(selected.size());
  for (const auto& one : selected) all_cases.push_back(one.parameters);
  const auto positions = positions_of_shard(all_cases, flags.part.value_or(shard{}));
  for (const auto& note : flags.notes) print_error(note);
  if (flags.lists_only) {
    for (const auto position : positions) print_output(selected[position].run_name + '\n');
    return 0;
  }
  if (flags.part) {
    print_error(fmt::format("shard {}: {} of {} cases{}", to_string(*flags.part), positions.size(),
                            all_cases.size(),
                            positions.empty() ? "; there are fewer comparison groups than shards" : ""));
  }
  std::vector<benchmark_case> cases;
  std::map<std::string, std::int64_t> position_of;
  std::size_t name_width = 10;
  for (const auto position : positions) {
    cases.push_back(all_cases[position]);
    position_of.emplace(cases.back().name(), position);
    name_width = std::max(name_width, selected[position].run_name.size());
  }
  if (flags.repetitions > 1) name_width += std::string_view{"_median"}.size();

  auto own_context = measuring_context(with, flags, all_cases);
  std::optional<run_lock> lock;
  if (!flags.smoke) lock.emplace();
  if (lock && lock->warning()) {
    own_context["beside"] = "another bench";
    print_error("WARNING: " + *lock->warning());
  }
  const auto machine = machine_json();
  if (const auto reason = unfit_for_measuring(own_context); !reason.empty()) {
    own_context["warning"] = reason;
    print_error("WARNING: " + reason);
  }
  if (machine.value("cpu_scaling_enabled", false))
    print_error("WARNING: CPU frequency scaling is enabled: times vary more");
  auto context = context_json(machine, own_context);

  if (const auto folder = default_state_folder(); folder && paths.journal == *folder / "bench.journal")
    create_private_folders(*folder);
  std::optional<row_journal> journal;
  if (paths.journal) open_journal(journal, *paths.journal, own_context);
  std::optional<timeline_file> timeline;
  if (paths.timeline) timeline.emplace(*paths.timeline, flags.sample_every);
  std::optional<output_file> summary_file;
  if (!flags.summary.empty()) summary_file.emplace(flags.summary);
  row_outputs outputs{flags, name_width, context};

  suite measured{{.with = with,
                  .how = flags.smoke ? strictness::correctness_only : strictness::full,
                  .sample_every = flags.sample_every,
                  .drain = interrupted.drain()},
                 journal ? &*journal : nullptr,
                 timeline ? &*timeline : nullptr};
  progress bar{cases, flags.repetitions, !shows_rows(flags)};
  run_cases(
      cases,
      [&](const benchmark_case& row) -> std::optional<finished_row> {
        if (interrupted.has_happened() || measured.has_lost_server()) return std::nullopt;
        bar.start(row, measured.ledger().repetitions(row.name()).size() + 1);
        auto finished = measured.measure(row);
        bar.finish(row, measured.ledger().repetitions(row.name()));
        return finished;
      },
      [&](std::vector<reported_row> rows) {
        // Of the whole run, so that shards can be joined in its order.
        for (auto& row : rows) row.family_index = position_of.at(row.parameters.name());
        outputs.add(std::move(rows), measured.ledger());
      });

  const auto& ledger = measured.ledger();
  if (ledger.rows() == 0 && !cases.empty()) return interruption::exit_interrupted;
  if (interrupted.has_happened() || measured.has_lost_server())
    context["interrupted"] = "before all rows were measured";
  outputs.finish(context);
  if (timeline) timeline->commit();

  const auto results = results_of(cases, ledger);
  if (summary_file) {
    summary_file->stream() << summary_csv(results);
    summary_file->commit();
  }
  if (cases.empty()) return 0;
  if (!flags.display_format) bar.end();
  const bool on_output = is_for_people(flags);
  const auto summary = (flags.display_format ? "\n" : "") +
                       summary_text(results, flags.workload_name,
                                    terminal_width(on_output ? STDOUT_FILENO : STDERR_FILENO), flags.table);
  if (!on_output) std::cerr << summary;
  check_output(outputs.display_error());
  if (on_output) print_output(summary);
  if (ledger.failed_rows() > 0)
    print_error(fmt::format("{} of {} rows failed", ledger.failed_rows(), ledger.rows()));
  const auto measured_rows =
      fmt::format("{} of {} rows were measured", ledger.rows(), cases.size() * flags.repetitions);
  if (interrupted.has_happened()) {
    print_error("interrupted: " + measured_rows);
    return interruption::exit_interrupted;
  }
  if (measured.has_lost_server()) print_error(measured_rows + ": the server is lost");
  return ledger.failed_rows() == 0 ? 0 : exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_streams();
  try {
    auto flags = parse_flags(argc, argv);
    return flags.check ? check_clients(std::move(flags)) : run(std::move(flags));
  } catch (const version_shown&) {
    return 0;
  } catch (const help_shown&) {
    print_google_benchmark_help();
    return write_output({}) ? exit_failed : 0;
  } catch (const flag_error& error) {
    print_error(error.what());
    return exit_usage;
  } catch (const std::exception& error) {
    print_error(error.what());
    return exit_failed;
  }
}
