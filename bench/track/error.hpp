#pragma once

#include <stdexcept>
#include <string>

#include "bench/output/rows.hpp"

namespace farebench::track {

// Exit codes of track.
inline constexpr int exit_nothing_worse = 0;
/// A confirmed regression; of `record`, a failed row.
inline constexpr int exit_worse = 1;
/// Wrong usage, invalid input, or something that cannot be built, read or written.
inline constexpr int exit_usage = 2;
/// Sides that cannot be compared; under --strict, a metric that cannot be told.
inline constexpr int exit_incomparable = 3;

/// An error that ends track: one line for people and the exit code. Line ends of quoted text become blanks.
class track_error : public std::runtime_error {
 public:
  explicit track_error(const std::string& what, int exit_code = exit_usage)
      : std::runtime_error{one_line(what)}, exit_code_{exit_code} {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

}  // namespace farebench::track
