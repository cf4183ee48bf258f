#include "tests/soak/told_scrape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "farebench/date.hpp"

namespace farebench::soak {

std::size_t told_scrape::attempts() const {
  const outcome* const last = result();
  const bool began = last != nullptr && (*last || last->error().step != scrape_step::none);
  return retries.size() + (began ? 1 : 0);
}

const fetch_error* told_scrape::failure_of(std::size_t number) const {
  if (number <= retries.size()) return &retries[number - 1]->why;
  const outcome* const last = result();
  return last == nullptr || *last ? nullptr : &last->error();
}

std::vector<told_scrape> told_scrapes(const run_record& run) {
  std::vector<told_scrape> all(run.asked.size());
  for (const auto& one : run.retries) {
    if (one.index < all.size()) all[one.index].retries.push_back(&one);
  }
  for (const auto& one : run.outcomes) {
    if (one.index < all.size()) all[one.index].outcomes.push_back(&one.result);
  }
  return all;
}

bool may_pass(const fetch_error& why) {
  constexpr std::array kinds{fetch_error_kind::connect_failed, fetch_error_kind::connect_timeout,
                             fetch_error_kind::deadline_exceeded, fetch_error_kind::connection_lost,
                             fetch_error_kind::bad_response};
  if (std::ranges::find(kinds, why.kind) != kinds.end()) return true;
  constexpr std::array statuses{408, 425, 429};
  return why.kind == fetch_error_kind::unexpected_status &&
         (std::ranges::find(statuses, why.status) != statuses.end() || why.status / 100 == 5);
}

bool is_expired_session(const fetch_error& why) {
  return why.kind == fetch_error_kind::unexpected_status && why.status == 403 &&
         why.step == scrape_step::search;
}

std::string day_text(const run_record& run, std::size_t index) {
  return fmt::format("day {} ({})", index, format_iso_date(run.asked.at(index).date));
}

}  // namespace farebench::soak
