// A client with one more allocation per request. A scrape has two requests and calls query_at once.

#include <cstddef>
#include <cstdlib>

#include "tests/mutants/mutant_program.hpp"

namespace {

using namespace farebench;

/// The volatile pointer keeps the compiler from removing the allocation.
void allocate_once() {
  void* volatile block = std::malloc(16);
  std::free(block);
}

void run(strategy& inner, const batch& work, const outcome_sink& sink) {
  batch changed = work;
  changed.query_at = [&](std::size_t index) {
    allocate_once();
    allocate_once();
    return work.query_at(index);
  };
  inner.run(changed, sink);
}

}  // namespace

int main(int argc, char** argv) { return mutants::mutant_program(argc, argv, run); }
