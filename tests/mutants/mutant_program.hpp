#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "bench/probe/probe_program.hpp"

namespace farebench::mutants {

/// Runs a batch with `inner`, changed in one respect.
using mutant_run = std::function<void(strategy& inner, const batch& work, const outcome_sink& sink)>;

class mutant_strategy final : public strategy {
 public:
  mutant_strategy(std::unique_ptr<strategy> inner, mutant_run run)
      : inner_{std::move(inner)}, run_{std::move(run)} {}

  void run(const batch& work, const outcome_sink& sink) override { run_(*inner_, work, sink); }

 private:
  std::unique_ptr<strategy> inner_;
  mutant_run run_;
};

/// The main function of fetch_probe, with `run` around every strategy.
inline int mutant_program(int argc, char** argv, const mutant_run& run) {
  return probe_program(argc, argv, [&](const std::string& name) {
    return std::make_unique<mutant_strategy>(make_way(name), run);
  });
}

}  // namespace farebench::mutants
