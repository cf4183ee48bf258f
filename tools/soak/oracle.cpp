#include "tools/soak/oracle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <utility>

#include "farebench/date.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench::soak {
namespace {

using std::chrono::milliseconds;
using violations = std::vector<violation>;

bool is_expired_session(const fetch_error& error) {
  return error.kind == fetch_error_kind::unexpected_status && error.status == 403 &&
         error.step == scrape_step::search;
}

/// "day 3 (2026-03-04)", for messages.
std::string day_text(const run_record& run, std::size_t index) {
  return fmt::format("day {} ({})", index, format_iso_date(run.queries.at(index).date));
}

/// Everything that a client reported about one query. Views of a run_record, which must outlive it.
struct reported_scrape {
  /// In the order in which they were reported.
  std::vector<const reported_retry*> retries;
  /// Exactly one, if the client is correct.
  std::vector<const outcome*> outcomes;

  /// The only outcome, or null.
  const outcome* result() const { return outcomes.size() == 1 ? outcomes.front() : nullptr; }

  /// Number of attempts that the client claims. A last one that sent nothing does not count, because its
  /// scrape's deadline passed before it could begin.
  std::size_t attempts() const {
    const outcome* const last = result();
    const bool began = last != nullptr && (*last || last->error().step != scrape_step::none);
    return retries.size() + (began ? 1 : 0);
  }

  /// Error of attempt `number`, in [1, attempts()]; null for the attempt that succeeded.
  const fetch_error* failure_of(std::size_t number) const {
    if (number <= retries.size()) return &retries[number - 1]->error;
    const outcome* const last = result();
    return last == nullptr || *last ? nullptr : &last->error();
  }
};

/// By index. Reports of an index outside the batch are left out.
std::vector<reported_scrape> reported_scrapes(const run_record& run) {
  std::vector<reported_scrape> scrapes(run.queries.size());
  for (const auto& retry : run.retries) {
    if (retry.index < scrapes.size()) scrapes[retry.index].retries.push_back(&retry);
  }
  for (const auto& report : run.outcomes) {
    if (report.index < scrapes.size()) scrapes[report.index].outcomes.push_back(&report.result);
  }
  return scrapes;
}

// Outcomes: no_lost_outcome, no_duplicate_outcome, correct_fares.

/// Describes the first difference; empty for equal fares.
std::string difference(const std::vector<fare>& reported, const std::vector<fare>& sold) {
  if (reported.size() != sold.size())
    return fmt::format("{} fares, the site sells {}", reported.size(), sold.size());
  for (std::size_t i = 0; i < reported.size(); ++i) {
    if (reported[i] == sold[i]) continue;
    return fmt::format("fare {} of {} differs (price {}, the site's is {})", i + 1, reported.size(),
                       reported[i].price_hundredths, sold[i].price_hundredths);
  }
  return {};
}

void judge_outcomes(const run_record& run, violations& found) {
  for (const auto& report : run.outcomes) {
    if (report.index >= run.queries.size())
      found.push_back({invariant::no_duplicate_outcome,
                       fmt::format("an outcome of day {}, of {} days", report.index, run.queries.size())});
  }
  const auto scrapes = reported_scrapes(run);
  for (std::size_t index = 0; index < scrapes.size(); ++index) {
    const auto& outcomes = scrapes[index].outcomes;
    if (outcomes.empty())
      found.push_back({invariant::no_lost_outcome, day_text(run, index) + " has no outcome"});
    if (outcomes.size() > 1)
      found.push_back({invariant::no_duplicate_outcome,
                       fmt::format("{} has {} outcomes", day_text(run, index), outcomes.size())});
    for (const outcome* const result : outcomes) {
      if (!*result) continue;
      const auto wrong = difference(**result, timetable(run.queries[index], run.page_kb));
      if (!wrong.empty()) found.push_back({invariant::correct_fares, day_text(run, index) + ": " + wrong});
    }
  }
}

// Attempts, from the client's reports alone: attempt_count, retry_budget, retry_policy.

double max_retries(const run_record& run) {
  return static_cast<double>(run.policy.retry_floor) +
         run.policy.retry_share * static_cast<double>(run.queries.size());
}

/// True if lack of time cannot have prevented another attempt.
bool had_time(const run_record& run) {
  return run.wall + run.policy.backoff_cap + run.policy.retry_after_cap < run.policy.scrape_deadline;
}

void judge_scrape(const run_record& run, std::size_t index, const reported_scrape& scrape,
                  violations& found) {
  const auto add = [&](invariant violated, const std::string& detail) {
    found.push_back({violated, day_text(run, index) + ": " + detail});
  };
  // A scrape whose session expired may log in again, once.
  bool has_logged_in_again = false;
  for (std::size_t i = 0; i < scrape.retries.size(); ++i) {
    const reported_retry& retry = *scrape.retries[i];
    if (retry.attempt != i + 1)
      add(invariant::attempt_count,
          fmt::format("retry {} was reported for attempt {}", i + 1, retry.attempt));
    const bool logs_in_again = is_expired_session(retry.error) && !std::exchange(has_logged_in_again, true);
    if (!is_retryable(retry.error) && !logs_in_again)
      add(invariant::retry_policy, "retried a permanent failure: " + describe(retry.error));
  }
  if (scrape.attempts() > run.policy.max_attempts)
    add(invariant::attempt_count,
        fmt::format("{} attempts, at most {} are allowed", scrape.attempts(), run.policy.max_attempts));

  const outcome* const last = scrape.result();
  if (last == nullptr || *last) return;
  const fetch_error& error = last->error();
  const bool should_retry = is_retryable(error) || (is_expired_session(error) && !has_logged_in_again);
  if (!should_retry || scrape.attempts() >= run.policy.max_attempts) return;
  if (static_cast<double>(run.retries.size() + 1) > max_retries(run) || !had_time(run)) return;
  add(invariant::retry_policy, fmt::format("gave up after {} of {} attempts: {}", scrape.attempts(),
                                           run.policy.max_attempts, describe(error)));
}

void judge_attempts(const run_record& run, violations& found) {
  const auto scrapes = reported_scrapes(run);
  for (std::size_t index = 0; index < scrapes.size(); ++index)
    judge_scrape(run, index, scrapes[index], found);
  if (static_cast<double>(run.retries.size()) > max_retries(run)) {
    found.push_back({invariant::retry_budget, fmt::format("{} retries, at most {} are allowed",
                                                          run.retries.size(), max_retries(run))});
  }
  for (const auto& retry : run.retries) {
    const auto max_wait = run.policy.backoff_cap + run.policy.retry_after_cap;
    if (retry.wait > max_wait || retry.wait.count() < 0) {
      found.push_back({invariant::retry_budget, fmt::format("a wait of {} ms, at most {} ms are allowed",
                                                            retry.wait.count(), max_wait.count())});
    }
  }
}

// The client's reports against the server's log: matches_server_log, success_has_response, own_session,
// failure_has_fault, converges.

using exchanges = std::vector<const logged_exchange*>;

/// Exchanges of one attempt in the server's log.
struct logged_attempt {
  exchanges start;
  exchanges search;
};

/// libcurl itself retries once a request on a kept connection that failed before any byte of a response.
constexpr std::size_t max_requests_per_exchange = 2;

class log_judge {
 public:
  log_judge(const run_record& run, violations& found)
      : run_{run}, found_{found}, scrapes_{reported_scrapes(run)} {}

  void judge() {
    read_log();
    for (std::size_t index = 0; index < scrapes_.size(); ++index) {
      const std::size_t attempts = scrapes_[index].attempts();
      for (std::size_t number = 1; number <= attempts; ++number) judge_reported(index, number);
      judge_convergence(index);
    }
    for (const auto& [key, attempt] : logged_) judge_logged(key.first, key.second, attempt);
  }

 private:
  void add(invariant violated, std::size_t index, const std::string& detail) {
    found_.push_back({violated, day_text(run_, index) + ": " + detail});
  }

  void read_log() {
    std::map<std::chrono::sys_days, std::size_t> indices;
    for (std::size_t index = 0; index < run_.queries.size(); ++index)
      indices.emplace(run_.queries[index].date, index);
    for (const auto& exchange : run_.log) {
      if (exchange.fault) ++faults_;
      const auto index = exchange.date ? indices.find(*exchange.date) : indices.end();
      if (index == indices.end() || exchange.attempt == 0) {
        found_.push_back(
            {invariant::matches_server_log, "the site received a request that no query explains"});
        continue;
      }
      // The target of a redirect.
      if (exchange.step == 0) continue;
      auto& attempt = logged_[{index->second, exchange.attempt}];
      (exchange.step == 1 ? attempt.start : attempt.search).push_back(&exchange);
    }
  }

  const logged_attempt& logged(std::size_t index, std::size_t number) const {
    static const logged_attempt none;
    const auto at = logged_.find({index, number});
    return at == logged_.end() ? none : at->second;
  }

  /// Checks an attempt that the client reported.
  void judge_reported(std::size_t index, std::size_t number) {
    const fetch_error* const failure = scrapes_[index].failure_of(number);
    const logged_attempt& attempt = logged(index, number);
    const auto name = fmt::format("attempt {}", number);
    if (failure == nullptr) {
      if (std::ranges::none_of(attempt.search, [](const auto* exchange) { return exchange->status == 200; }))
        add(invariant::success_has_response, index, name + " succeeded, but the site sent it no fares");
      return;
    }
    const bool must_reach_site =
        run_.site_stayed_up && !run_.faults_spread && failure->kind != fetch_error_kind::out_of_resources;
    if (must_reach_site && attempt.start.empty())
      add(invariant::matches_server_log, index, name + " never reached the site");
    if (must_reach_site && attempt.search.empty() && failure->step == scrape_step::search)
      add(invariant::matches_server_log, index,
          name + " reportedly failed in its search, which the site did not receive");
    if (!attempt.search.empty() && failure->step == scrape_step::start_page)
      add(invariant::matches_server_log, index,
          name + " reportedly failed before its search, which the site received");
    if (!has_cause(*failure, attempt))
      add(invariant::failure_has_fault, index,
          fmt::format("{} failed without a fault: {}", name, describe(*failure)));
  }

  bool has_cause(const fetch_error& failure, const logged_attempt& attempt) const {
    const auto is_faulty = [](const logged_exchange* exchange) { return exchange->fault.has_value(); };
    if (std::ranges::any_of(attempt.start, is_faulty) || std::ranges::any_of(attempt.search, is_faulty))
      return true;
    if (run_.faults_spread && faults_ > 0) return true;
    // Killing the server closes its connections and ends its sessions.
    return !run_.site_stayed_up &&
           (failure.kind == fetch_error_kind::connect_failed ||
            failure.kind == fetch_error_kind::connection_lost || is_expired_session(failure));
  }

  /// Checks an attempt that the server logged.
  void judge_logged(std::size_t index, std::size_t number, const logged_attempt& attempt) {
    const auto name = fmt::format("attempt {}", number);
    if (scrapes_[index].result() != nullptr && number > scrapes_[index].attempts())
      add(invariant::matches_server_log, index,
          fmt::format("the site received {}, the client reported {}", name, scrapes_[index].attempts()));
    for (const auto* const step : {&attempt.start, &attempt.search}) {
      if (step->size() > max_requests_per_exchange)
        add(invariant::matches_server_log, index,
            fmt::format("{} sent the same request {} times", name, step->size()));
    }
    for (const auto* const search : attempt.search) {
      if (!search->session) continue;
      const auto is_same = [&](const auto* start) { return start->session == search->session; };
      if (std::ranges::none_of(attempt.start, is_same))
        add(invariant::own_session, index, name + " searched in a session that it did not start");
    }
  }

  void judge_convergence(std::size_t index) {
    const outcome* const last = scrapes_[index].result();
    if (last == nullptr || *last || run_.faults_until >= run_.policy.max_attempts) return;
    if (is_retryable(last->error()))
      add(invariant::converges, index, "still failed after the faults had ended: " + describe(last->error()));
  }

  const run_record& run_;
  violations& found_;
  const std::vector<reported_scrape> scrapes_;
  /// By index and attempt number.
  std::map<std::pair<std::size_t, std::size_t>, logged_attempt> logged_;
  std::size_t faults_ = 0;
};

// Cost: within_deadline, no_leak.

/// Allowance for starting and ending threads on a busy machine.
constexpr milliseconds slack{3'000};
/// Allowance for memory that stays allocated between runs (the C library caches freed blocks per thread).
constexpr std::int64_t kept_heap_bytes = 512 * 1024;

/// A worker begins its next scrape when the previous one ends, at the latest at its deadline. While a scrape
/// waits for its next attempt, its worker runs another one.
milliseconds max_wall(const run_record& run) {
  const auto rounds = (run.queries.size() + run.workers - 1) / run.workers;
  return run.policy.scrape_deadline * static_cast<milliseconds::rep>(rounds) + slack;
}

void judge_cost(const run_record& run, violations& found) {
  if (run.wall > max_wall(run)) {
    found.push_back({invariant::within_deadline, fmt::format("took {} ms, at most {} ms are allowed",
                                                             run.wall.count(), max_wall(run).count())});
  }
  const auto& before = run.resources_before;
  const auto& after = run.resources_after;
  if (after.descriptors != before.descriptors) {
    found.push_back({invariant::no_leak,
                     fmt::format("{} descriptors before, {} after", before.descriptors, after.descriptors)});
  }
  if (after.threads != before.threads) {
    found.push_back(
        {invariant::no_leak, fmt::format("{} threads before, {} after", before.threads, after.threads)});
  }
  if (after.heap_bytes > before.heap_bytes + kept_heap_bytes) {
    found.push_back(
        {invariant::no_leak, fmt::format("{} bytes of heap more than before, at most {} are allowed",
                                         after.heap_bytes - before.heap_bytes, kept_heap_bytes)});
  }
}

// Several clients: same_outcomes.

bool is_same(const outcome& a, const outcome& b) {
  if (a || b) return a == b;
  return a.error().kind == b.error().kind && a.error().status == b.error().status;
}

std::string text_of(const outcome& result) {
  return result ? fmt::format("{} fares", result->size()) : describe(result.error());
}

}  // namespace

std::vector<violation> judge(const run_record& run) {
  violations found;
  if (!run.exception.empty()) found.push_back({invariant::no_exception, "run() threw: " + run.exception});
  judge_outcomes(run, found);
  judge_attempts(run, found);
  log_judge{run, found}.judge();
  judge_cost(run, found);
  return found;
}

std::vector<std::pair<std::string_view, violation>> judge_together(
    const std::vector<std::pair<std::string_view, const run_record*>>& runs) {
  std::vector<std::pair<std::string_view, violation>> found;
  if (runs.empty()) return found;
  const auto& [first_name, first_run] = runs.front();
  const auto first_scrapes = reported_scrapes(*first_run);
  for (const auto& [name, run] : runs) {
    const auto scrapes = reported_scrapes(*run);
    for (std::size_t index = 0; index < first_scrapes.size(); ++index) {
      const outcome* const first = first_scrapes[index].result();
      const outcome* const other = scrapes.at(index).result();
      // Missing and duplicate outcomes violate other invariants.
      if (first == nullptr || other == nullptr || is_same(*first, *other)) continue;
      found.emplace_back(name, violation{invariant::same_outcomes,
                                         fmt::format("{}: {}; {} has {}", day_text(*run, index),
                                                     text_of(*other), first_name, text_of(*first))});
      break;
    }
  }
  return found;
}

bool is_retryable(const fetch_error& error) {
  constexpr std::array kinds{fetch_error_kind::connect_failed, fetch_error_kind::connect_timeout,
                             fetch_error_kind::deadline_exceeded, fetch_error_kind::connection_lost,
                             fetch_error_kind::bad_response};
  if (std::ranges::find(kinds, error.kind) != kinds.end()) return true;
  constexpr std::array statuses{408, 425, 429};
  return error.kind == fetch_error_kind::unexpected_status &&
         (std::ranges::find(statuses, error.status) != statuses.end() || error.status / 100 == 5);
}

}  // namespace farebench::soak
