#include "tools/soak/oracle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "farebench/date.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench::soak {

std::string_view name_of(law broken) {
  switch (broken) {
    case law::none_lost:
      return "none_lost";
    case law::none_twice:
      return "none_twice";
    case law::none_hung:
      return "none_hung";
    case law::ends_well:
      return "ends_well";
    case law::right_fares:
      return "right_fares";
    case law::has_its_answer:
      return "has_its_answer";
    case law::own_session:
      return "own_session";
    case law::counted_attempts:
      return "counted_attempts";
    case law::within_budget:
      return "within_budget";
    case law::repeats_what_may_pass:
      return "repeats_what_may_pass";
    case law::agrees_with_log:
      return "agrees_with_log";
    case law::has_a_cause:
      return "has_a_cause";
    case law::converges:
      return "converges";
    case law::in_time:
      return "in_time";
    case law::gives_back:
      return "gives_back";
    case law::same_everywhere:
      return "same_everywhere";
  }
  return "unknown";
}

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

// Each query has one outcome, and a success is the truth.

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

// What is repeated, how often, and when a client may give up: from what it says itself.

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

// What the client says against what the server wrote down.

namespace farebench::soak {
namespace {

using exchanges = std::vector<const logged_exchange*>;

/// What the server saw of each attempt at each query: [0] the start page, [1] the search. libcurl repeats by
/// itself, once, a request on a kept connection that died before any byte of an answer: so two of each.
struct seen_attempt {
  std::array<exchanges, 2> steps;
};
using seen_attempts = std::map<std::pair<std::size_t, std::size_t>, seen_attempt>;  // by index and number

constexpr std::size_t most_of_one_exchange = 2;

class log_judge {
 public:
  log_judge(const run_record& run, breaches& found) : run_{run}, found_{found}, scrapes_{told_scrapes(run)} {}

  void judge() {
    read_log();
    for (std::size_t index = 0; index < scrapes_.size(); ++index) {
      const std::size_t attempts = scrapes_[index].attempts();
      for (std::size_t number = 1; number <= attempts; ++number) judge_attempt(index, number);
      judge_convergence(index);
    }
    for (const auto& [key, seen] : seen_) judge_seen(key.first, key.second, seen);
  }

 private:
  void say(law broken, std::size_t index, const std::string& what) {
    found_.push_back({broken, day_text(run_, index) + ": " + what});
  }

  void read_log() {
    std::map<std::chrono::sys_days, std::size_t> indices;
    for (std::size_t index = 0; index < run_.asked.size(); ++index)
      indices.emplace(run_.asked[index].date, index);
    for (const auto& one : run_.log) {
      if (one.fault) ++faults_;
      const auto index = one.date ? indices.find(*one.date) : indices.end();
      if (index == indices.end() || one.attempt == 0) {
        found_.push_back({law::agrees_with_log, "the site was asked for what no query is"});
        continue;
      }
      // Neither step: where a redirect led.
      if (one.step == 1 || one.step == 2)
        seen_[{index->second, one.attempt}].steps.at(static_cast<std::size_t>(one.step - 1)).push_back(&one);
    }
  }

  const seen_attempt& seen(std::size_t index, std::size_t number) const {
    static const seen_attempt nothing;
    const auto at = seen_.find({index, number});
    return at == seen_.end() ? nothing : at->second;
  }

  /// An attempt that the client tells of.
  void judge_attempt(std::size_t index, std::size_t number) {
    const fetch_error* const failure = scrapes_[index].failure_of(number);
    const auto& [start, search] = seen(index, number).steps;
    const auto name = fmt::format("attempt {}", number);
    if (failure == nullptr) {
      if (std::ranges::none_of(search, [](const auto* one) { return one->status == 200; }))
        say(law::has_its_answer, index, name + " came home with fares that the site has not sent");
      return;
    }
    const bool got_through =
        run_.site_stayed_up && !run_.faults_spread && failure->kind != fetch_error_kind::out_of_resources;
    if (got_through && start.empty()) say(law::agrees_with_log, index, name + " never reached the site");
    if (got_through && search.empty() && failure->step == scrape_step::search)
      say(law::agrees_with_log, index,
          name + " is said to have failed in its search, which the site never saw");
    if (!search.empty() && failure->step == scrape_step::start_page)
      say(law::agrees_with_log, index,
          name + " is said to have failed before its search, which the site saw");
    if (!has_cause(*failure, start, search))
      say(law::has_a_cause, index, fmt::format("{} failed without a fault: {}", name, describe(*failure)));
  }

  bool has_cause(const fetch_error& failure, const exchanges& start, const exchanges& search) const {
    const auto is_fault = [](const logged_exchange* one) { return one->fault.has_value(); };
    if (std::ranges::any_of(start, is_fault) || std::ranges::any_of(search, is_fault)) return true;
    if (run_.faults_spread && faults_ > 0) return true;
    // A site that went away takes connections and sessions with it.
    return !run_.site_stayed_up &&
           (failure.kind == fetch_error_kind::connect_failed ||
            failure.kind == fetch_error_kind::connection_lost || is_expired_session(failure));
  }

  /// An attempt that the server tells of.
  void judge_seen(std::size_t index, std::size_t number, const seen_attempt& seen) {
    const auto name = fmt::format("attempt {}", number);
    if (scrapes_[index].result() != nullptr && number > scrapes_[index].attempts())
      say(law::agrees_with_log, index,
          fmt::format("the site saw attempt {} of {}", number, scrapes_[index].attempts()));
    for (const auto& step : seen.steps) {
      if (step.size() > most_of_one_exchange)
        say(law::agrees_with_log, index, fmt::format("{} was made {} times", name, step.size()));
    }
    for (const auto* const search : seen.steps[1]) {
      if (!search->session) continue;
      const auto is_same = [&](const auto* start) { return start->session == search->session; };
      if (std::ranges::none_of(seen.steps[0], is_same))
        say(law::own_session, index, name + " searched in a session that it had not begun");
    }
  }

  void judge_convergence(std::size_t index) {
    const outcome* const last = scrapes_[index].result();
    if (last == nullptr || *last || run_.faults_until >= run_.policy.max_attempts) return;
    if (may_pass(last->error()))
      say(law::converges, index, "still failed once the faults had ended: " + describe(last->error()));
  }

  const run_record& run_;
  breaches& found_;
  const std::vector<told_scrape> scrapes_;
  seen_attempts seen_;
  std::size_t faults_ = 0;
};

}  // namespace

void judge_log(const run_record& run, breaches& found) { log_judge{run, found}.judge(); }

}  // namespace farebench::soak

// What a run took, and whether it gave back what it held.

namespace farebench::soak {
namespace {

using std::chrono::milliseconds;

/// What a machine that is busy may add: to start threads, and to end them.
constexpr milliseconds slack{3'000};
/// What libraries keep from run to run (the C library's caches of freed blocks a thread and a size).
constexpr std::int64_t kept_heap_bytes = 512 * 1024;

/// A worker begins its next scrape when the one before is at its end, which is at its deadline at the latest;
/// while one waits for its next attempt, the worker has another.
milliseconds longest(const run_record& run) {
  const auto rounds = (run.asked.size() + run.workers - 1) / run.workers;
  return run.policy.scrape_deadline * static_cast<milliseconds::rep>(rounds) + slack;
}

}  // namespace

void judge_cost(const run_record& run, breaches& found) {
  if (run.wall > longest(run)) {
    found.push_back({law::in_time, fmt::format("took {} ms, at most {} are allowed", run.wall.count(),
                                               longest(run).count())});
  }
  const auto& [before, after] = std::pair{run.before, run.after};
  if (after.descriptors != before.descriptors) {
    found.push_back({law::gives_back,
                     fmt::format("{} descriptors before, {} after", before.descriptors, after.descriptors)});
  }
  if (after.threads != before.threads)
    found.push_back(
        {law::gives_back, fmt::format("{} threads before, {} after", before.threads, after.threads)});
  if (after.heap_bytes > before.heap_bytes + kept_heap_bytes) {
    found.push_back({law::gives_back,
                     fmt::format("{} bytes of heap more than before", after.heap_bytes - before.heap_bytes)});
  }
}

}  // namespace farebench::soak

// One site, the same faults, several strategies.

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

breaches judge(const run_record& run) {
  breaches found;
  if (!run.threw.empty()) found.push_back({law::ends_well, "run threw: " + run.threw});
  judge_outcomes(run, found);
  judge_attempts(run, found);
  judge_log(run, found);
  judge_cost(run, found);
  return found;
}

}  // namespace farebench::soak
