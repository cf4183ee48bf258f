#pragma once

#include <memory>
#include <string>

#include "bench/probe/probe_program.hpp"

namespace farebench::mutants {

/// The probe's main, with every way decorated by a decorated_strategy.
template <typename Mutant>
int mutant_program(int argc, char** argv) {
  return probe_program(argc, argv,
                       [](const std::string& name) { return std::make_unique<Mutant>(make_way(name)); });
}

}  // namespace farebench::mutants
