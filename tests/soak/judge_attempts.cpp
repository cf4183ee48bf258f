// What is repeated, how often, and when a client may give up: from what it says itself.

#include <fmt/format.h>

#include <algorithm>

#include "tests/soak/oracle.hpp"
#include "tests/soak/told_scrape.hpp"

namespace farebench::soak {
namespace {

double repeats_allowed(const run_record& run) {
  return static_cast<double>(run.policy.retry_floor) +
         run.policy.retry_share * static_cast<double>(run.asked.size());
}

/// Whether time cannot have been what kept a scrape from another attempt.
bool had_time(const run_record& run) {
  return run.wall + run.policy.backoff_cap + run.policy.retry_after_cap < run.policy.scrape_deadline;
}

void judge_scrape(const run_record& run, std::size_t index, const told_scrape& scrape, breaches& found) {
  const auto say = [&](law broken, const std::string& what) {
    found.push_back({broken, day_text(run, index) + ": " + what});
  };
  bool has_logged_in_again = false;
  for (std::size_t i = 0; i < scrape.retries.size(); ++i) {
    const told_retry& one = *scrape.retries[i];
    if (one.attempt != i + 1)
      say(law::counted_attempts, fmt::format("repeat {} is said to be of attempt {}", i + 1, one.attempt));
    const bool logs_in_again = is_expired_session(one.why) && !std::exchange(has_logged_in_again, true);
    if (!may_pass(one.why) && !logs_in_again)
      say(law::repeats_what_may_pass, "repeated what will not pass: " + describe(one.why));
  }
  if (scrape.attempts() > run.policy.max_attempts)
    say(law::counted_attempts, fmt::format("{} attempts of {}", scrape.attempts(), run.policy.max_attempts));

  const outcome* const last = scrape.result();
  if (last == nullptr || *last) return;
  const fetch_error& why = last->error();
  const bool would_repeat = may_pass(why) || (is_expired_session(why) && !has_logged_in_again);
  if (!would_repeat || scrape.attempts() >= run.policy.max_attempts) return;
  if (static_cast<double>(run.retries.size() + 1) > repeats_allowed(run) || !had_time(run)) return;
  say(law::repeats_what_may_pass, fmt::format("gave up after {} attempts of {}: {}", scrape.attempts(),
                                              run.policy.max_attempts, describe(why)));
}

}  // namespace

void judge_attempts(const run_record& run, breaches& found) {
  const auto scrapes = told_scrapes(run);
  for (std::size_t index = 0; index < scrapes.size(); ++index)
    judge_scrape(run, index, scrapes[index], found);
  if (static_cast<double>(run.retries.size()) > repeats_allowed(run)) {
    found.push_back({law::within_budget,
                     fmt::format("{} repeats, {} are allowed", run.retries.size(), repeats_allowed(run))});
  }
  for (const auto& one : run.retries) {
    const auto most = run.policy.backoff_cap + run.policy.retry_after_cap;
    if (one.wait > most || one.wait.count() < 0) {
      found.push_back({law::within_budget, fmt::format("a wait of {} ms, at most {} are allowed",
                                                       one.wait.count(), most.count())});
    }
  }
}

}  // namespace farebench::soak
