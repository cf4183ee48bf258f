#pragma once

#include <stdexcept>
#include <string>

#include "bench/report/one_line.hpp"

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

}  // namespace farebench::track
