// One site, the same faults, several strategies.

#include <fmt/format.h>

#include "tests/soak/oracle.hpp"
#include "tests/soak/told_scrape.hpp"

namespace farebench::soak {
namespace {

bool is_same(const outcome& one, const outcome& other) {
  if (one || other) return one == other;
  return one.error().kind == other.error().kind && one.error().status == other.error().status;
}

std::string text_of(const outcome& one) {
  return one ? fmt::format("{} fares", one->size()) : describe(one.error());
}

}  // namespace

std::vector<std::pair<std::string_view, breach>> judge_together(
    const std::vector<std::pair<std::string_view, const run_record*>>& runs) {
  std::vector<std::pair<std::string_view, breach>> found;
  if (runs.empty()) return found;
  const auto& [first_name, first_run] = runs.front();
  const auto first = told_scrapes(*first_run);
  for (const auto& [name, run] : runs) {
    const auto scrapes = told_scrapes(*run);
    for (std::size_t index = 0; index < first.size(); ++index) {
      const outcome* const theirs = first[index].result();
      const outcome* const ours = scrapes.at(index).result();
      // What has no outcome, or several, is another law's.
      if (theirs == nullptr || ours == nullptr || is_same(*theirs, *ours)) continue;
      found.emplace_back(
          name, breach{law::same_everywhere, fmt::format("{}: {}; {} had {}", day_text(*run, index),
                                                         text_of(*ours), first_name, text_of(*theirs))});
      break;
    }
  }
  return found;
}

}  // namespace farebench::soak
