#include "tests/soak/tally.hpp"

#include <fmt/format.h>

namespace farebench::soak {

void tally::count(law broken) {
  switch (broken) {
    case law::none_lost:
      ++lost;
      return;
    case law::none_twice:
      ++duplicated;
      return;
    case law::none_hung:
      ++hung;
      return;
    default:
      ++wrong;
      return;
  }
}

std::string text_of(const tally& all) {
  return fmt::format("{} runs, {} outcomes, {} lost, {} duplicated, {} wrong, {} hung", all.runs,
                     all.outcomes, all.lost, all.duplicated, all.wrong, all.hung);
}

}  // namespace farebench::soak
