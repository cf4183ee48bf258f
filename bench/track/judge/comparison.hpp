#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/track/judge/finding.hpp"

namespace farebench::track {

/// One side of a comparison, for people.
struct compared_side {
  std::string name;            ///< as it was asked for: "HEAD~", "main", a path
  std::string commit;          ///< 40 hex digits, or several of a folder's files
  bool dirty = false;          ///< with changes that are not committed
  std::string program_sha256;  ///< of the client program, but for its commit's id
};

/// Everything that holding two sides against each other has shown.
struct comparison {
  compared_side base;
  compared_side head;
  std::string machine;
  bool is_from_files = false;
  std::vector<finding> findings;       ///< by series, then in the order of metrics()
  std::vector<std::string> base_only;  ///< series that only one side has
  std::vector<std::string> head_only;
  std::vector<std::string> notes;  ///< what to know when reading it, a line each

  bool is_of_one_program() const { return base.program_sha256 == head.program_sha256; }
};

std::size_t count(const comparison& of, verdict what);
/// Regressions that are not accepted.
std::size_t count_unaccepted(const comparison& of);

/// 1 with a regression that is not accepted; 3 under `strict` when something cannot be told; else 0.
int exit_code_of(const comparison& of, bool strict);

}  // namespace farebench::track
