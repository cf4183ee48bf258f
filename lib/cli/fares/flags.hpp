#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "farebench/fetch_policy.hpp"
#include "lib/cli/fares/output.hpp"

namespace farebench {

/// What the command line of `fares` asks for, checked before anything starts.
struct fares_flags {
  std::string from;
  std::string to;
  std::chrono::year_month_day first_date;
  std::size_t days = 100;
  std::string strategy = "multi_socket";
  std::size_t workers = 100;
  std::size_t loops = 1;
  std::string url;  ///< empty: the embedded mock server
  fares_format format = fares_format::table;
  std::string out;  ///< the file to write; empty: standard output
  fetch_policy policy;
};

/// What became of the command line: flags to run with, or an exit code because --help has been
/// printed (0) or a complaint of one line has (2).
struct parsed_flags {
  fares_flags flags;
  int exit_code = -1;  ///< −1: run
};

parsed_flags parse_fares_flags(int argc, char** argv);

}  // namespace farebench
