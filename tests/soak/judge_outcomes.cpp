// Each query has one outcome, and a success is the truth.

#include <fmt/format.h>

#include "mock_server/site/timetable.hpp"
#include "tests/soak/oracle.hpp"
#include "tests/soak/told_scrape.hpp"

namespace farebench::soak {
namespace {

std::string difference(const std::vector<fare>& told, const std::vector<fare>& sold) {
  if (told.size() != sold.size()) return fmt::format("{} fares, the site has {}", told.size(), sold.size());
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (told[i] == sold[i]) continue;
    return fmt::format("fare {} of {} is another (a price of {}, the site's is {})", i + 1, told.size(),
                       told[i].price_hundredths, sold[i].price_hundredths);
  }
  return {};
}

}  // namespace

void judge_outcomes(const run_record& run, breaches& found) {
  for (const auto& one : run.outcomes) {
    if (one.index >= run.asked.size())
      found.push_back(
          {law::none_twice, fmt::format("an outcome of day {}, which nobody asked for", one.index)});
  }
  const auto scrapes = told_scrapes(run);
  for (std::size_t index = 0; index < scrapes.size(); ++index) {
    const auto& outcomes = scrapes[index].outcomes;
    if (outcomes.empty()) found.push_back({law::none_lost, day_text(run, index) + " has no outcome"});
    if (outcomes.size() > 1)
      found.push_back(
          {law::none_twice, fmt::format("{} has {} outcomes", day_text(run, index), outcomes.size())});
    for (const outcome* const one : outcomes) {
      if (!*one) continue;
      const auto wrong = difference(**one, timetable(run.asked[index], run.page_kb));
      if (!wrong.empty()) found.push_back({law::right_fares, day_text(run, index) + ": " + wrong});
    }
  }
}

}  // namespace farebench::soak
