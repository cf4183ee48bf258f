// A client that holds 4 KiB more per worker, from the start of a scrape to its outcome.

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "tests/mutants/mutant_program.hpp"

namespace {

using namespace farebench;

constexpr std::size_t page_bytes = 4096;

void run(strategy& inner, const batch& work, const outcome_sink& sink) {
  // By index: written by the worker that starts the scrape, then by the one that delivers its outcome.
  std::vector<std::unique_ptr<char[]>> pages(work.size);
  batch changed = work;
  changed.query_at = [&](std::size_t index) {
    pages[index] = std::make_unique_for_overwrite<char[]>(page_bytes);
    std::memset(pages[index].get(), 1, page_bytes);
    return work.query_at(index);
  };
  inner.run(changed, [&](std::size_t index, outcome&& result) {
    sink(index, std::move(result));
    pages[index].reset();
  });
}

}  // namespace

int main(int argc, char** argv) { return mutants::mutant_program(argc, argv, run); }
