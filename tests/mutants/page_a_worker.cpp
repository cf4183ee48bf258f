// A client that holds 4 KiB more for each worker: from the moment when a scrape asks for its query to its
// outcome.

#include <cstring>
#include <memory>
#include <vector>

#include "tests/mutants/decorated_strategy.hpp"
#include "tests/mutants/mutant_program.hpp"

namespace {

using namespace farebench;

constexpr std::size_t bytes_more = 4096;

class page_a_worker final : public mutants::decorated_strategy {
 public:
  using decorated_strategy::decorated_strategy;

  void run(const batch& work, const outcome_sink& sink) override {
    // By index, each written by the worker that pulls it and then by the one that delivers it.
    std::vector<std::unique_ptr<char[]>> held(work.size);
    batch changed = work;
    changed.query_at = [&](std::size_t index) {
      held[index] = std::make_unique_for_overwrite<char[]>(bytes_more);
      std::memset(held[index].get(), 1, bytes_more);
      return work.query_at(index);
    };
    inner().run(changed, [&](std::size_t index, outcome&& result) {
      sink(index, std::move(result));
      held[index].reset();
    });
  }
};

}  // namespace

int main(int argc, char** argv) { return mutants::mutant_program<page_a_worker>(argc, argv); }
