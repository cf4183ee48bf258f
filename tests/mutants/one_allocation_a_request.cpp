// A client that allocates once more for each request: a scrape, which makes two, asks for its query once.

#include <cstdlib>

#include "tests/mutants/decorated_strategy.hpp"
#include "tests/mutants/mutant_program.hpp"

namespace {

using namespace farebench;

/// Through a volatile pointer, or the compiler would see that nobody needs it.
void allocate_once() {
  void* volatile block = std::malloc(16);
  std::free(block);
}

class one_allocation_a_request final : public mutants::decorated_strategy {
 public:
  using decorated_strategy::decorated_strategy;

  void run(const batch& work, const outcome_sink& sink) override {
    batch changed = work;
    changed.query_at = [&](std::size_t index) {
      allocate_once();
      allocate_once();
      return work.query_at(index);
    };
    inner().run(changed, sink);
  }
};

}  // namespace

int main(int argc, char** argv) { return mutants::mutant_program<one_allocation_a_request>(argc, argv); }
