#pragma once

#include <memory>
#include <utility>

#include "bench/probe/probe_program.hpp"

namespace farebench::mutants {

/// A strategy around another, which a mutant derives from: it changes what goes through the public seams and
/// leaves the library as it is.
class decorated_strategy : public strategy {
 public:
  explicit decorated_strategy(std::unique_ptr<strategy> inner) : inner_{std::move(inner)} {}

 protected:
  strategy& inner() { return *inner_; }

 private:
  std::unique_ptr<strategy> inner_;
};

/// The probe's main, with every way decorated.
template <typename Mutant>
int mutant_program(int argc, char** argv) {
  return probe_program(argc, argv,
                       [](const std::string& name) { return std::make_unique<Mutant>(make_way(name)); });
}

}  // namespace farebench::mutants
