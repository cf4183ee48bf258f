#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "tests/soak/scenario.hpp"

namespace farebench::soak {

/// What the command line of `soak` asks for.
struct soak_flags {
  std::vector<const scenario*> scenarios;
  std::vector<std::string> strategies;
  std::uint64_t first_seed = 1;
  std::size_t seeds = 10;
  std::size_t jobs = 0;
  bool checks_mutants = false;
};

/// The command line asked for a text (--help) or was refused: print it and end.
struct soak_end {
  int exit_code;     ///< 0: text to standard output; 2: a refusal, one line to standard error
  std::string text;  ///< without its last newline
};

std::variant<soak_flags, soak_end> read_soak_flags(int argc, const char* const* argv);

}  // namespace farebench::soak
