#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/track/measure/two_stages.hpp"
#include "bench/track/record.hpp"

namespace farebench::track {

/// What the command line asks for, read as a whole before anything starts.
struct track_flags {
  enum class verb_of { record, compare, gate, selftest } verb;
  record_flags record = {};
  std::string base;  ///< of compare
  std::string head;
  std::string against;                 ///< of gate; empty: the merge base
  std::filesystem::path summary = {};  ///< of gate; empty: standard output
  bool json = false;
  bool strict = false;
  bool is_short = false;  ///< of selftest
  int kills = 0;          ///< of selftest; 0: not that part of it
  comparing_plan plan = {};
  std::vector<std::string> bench_flags = {};  ///< what stands behind "--"
};

/// --help: what to print.
struct help_asked {
  std::string text;
};

/// Throws track_error (exit code 2), or help_asked.
track_flags parse_track_flags(int argc, char** argv);

}  // namespace farebench::track
