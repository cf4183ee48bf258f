#pragma once

#include <chrono>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/cases.hpp"
#include "bench/measurement.hpp"

namespace farebench {

/// What the command line asks for, checked as a whole before anything starts.
struct bench_flags {
  std::string workload_name;
  workload what;
  std::vector<std::string> notes;  ///< what of the workload is left out, and why; a line each
  bool smoke = false;
  std::filesystem::path journal;   ///< empty: beside the output, or beside the program
  std::filesystem::path timeline;  ///< of the memory curves; empty: beside the output, if there is one
  std::chrono::microseconds sample_every =
      default_sample_every;  ///< how often a client's memory is looked at
  std::filesystem::path summary;  ///< CSV with a row per case; empty: none
  std::string display_format = "console";
  std::string out_format = "json";
  std::string out;     ///< of --benchmark_out; empty: none
  std::string filter;  ///< of --benchmark_filter; empty: all
  std::size_t repetitions = 1;
  bool lists_only = false;                    ///< --benchmark_list_tests: nothing is run
  std::vector<std::string> google_benchmark;  ///< flags for Google Benchmark, argv[0] included
};

/// A command line that is wrong; the text is one line for people. Exit code 2.
class flag_error : public std::exception {
 public:
  explicit flag_error(std::string what) : what_{std::move(what)} {}
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

/// Asked for and printed already: --help.
struct help_shown {};

/// Throws flag_error, or help_shown.
bench_flags parse_flags(int argc, char** argv);

/// Where a run leaves what it keeps beside its rows; absent: nowhere.
struct output_paths {
  std::optional<std::filesystem::path> journal;
  std::optional<std::filesystem::path> timeline;
};

/// The journal: where --journal says, or beside the output; without one, beside the programs (in `programs`,
/// the build's folder, which git ignores). A smoke run keeps none unless told: it measures nothing.
/// The curves: where --timeline says, or beside the output: of run.json (or .csv, .txt), run.timeline.json;
/// without one, nowhere. A pipe or a device has nothing beside it. Throws flag_error when two outputs would
/// be one file.
output_paths output_paths_of(const bench_flags& flags, const std::filesystem::path& programs);

}  // namespace farebench
