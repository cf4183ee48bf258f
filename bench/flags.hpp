#pragma once

#include <chrono>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "bench/benchmark_case.hpp"
#include "bench/fixture.hpp"

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

}  // namespace farebench
