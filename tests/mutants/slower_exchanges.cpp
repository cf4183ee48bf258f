// A client whose every exchange takes 15 % longer, and that costs neither CPU nor memory more: its batches go
// by way of a proxy in a process of its own, which holds the first bytes of each answer back.

#include "tests/mutants/decorated_strategy.hpp"
#include "tests/mutants/holding_proxy.hpp"
#include "tests/mutants/mutant_program.hpp"

namespace {

using namespace farebench;

constexpr double more_time = 0.15;

class slower_exchanges final : public mutants::decorated_strategy {
 public:
  using decorated_strategy::decorated_strategy;

  void run(const batch& work, const outcome_sink& sink) override {
    batch changed = work;
    changed.base_url = proxy_.in_front_of(work.base_url);
    inner().run(changed, sink);
  }

 private:
  mutants::holding_proxy proxy_{more_time};  // made with the strategy, before the baseline is read
};

}  // namespace

int main(int argc, char** argv) { return mutants::mutant_program<slower_exchanges>(argc, argv); }
