#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/flags.hpp"
#include "bench/output/row_reporter.hpp"
#include "bench/track/measure.hpp"
#include "bench/track/record.hpp"

namespace farebench::track {

// How track ends.
inline constexpr int exit_nothing_worse = 0;
inline constexpr int exit_worse = 1;  ///< a confirmed regression; of record, a row that failed
inline constexpr int exit_usage = 2;  ///< usage, bad input, or something that cannot be read or written
inline constexpr int exit_incomparable = 3;  ///< or inconclusive, under --strict

/// What ends track early: one line for people (what, where, what to do), and the exit code. Text of a file
/// that it quotes is made one line, too.
class track_error : public std::runtime_error {
 public:
  explicit track_error(const std::string& what, int exit_code = exit_usage)
      : std::runtime_error{one_line(what)}, exit_code_{exit_code} {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

/// Two sides that cannot be held against each other.
class incomparable : public track_error {
 public:
  explicit incomparable(const std::string& why) : track_error{why, exit_incomparable} {}
};

/// What stands behind "--" on track's command line, as the bench itself reads it. Throws flag_error, or
/// help_shown.
bench_flags parse_bench_arguments(std::vector<std::string> arguments);

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
