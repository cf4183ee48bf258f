// The oracle accepts a correct run, and detects the violation of each invariant.

#include "tools/soak/oracle.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

#include "mock_server/site/timetable.hpp"

namespace farebench::soak {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int no_session = -1;

query day(std::size_t index) {
  using namespace std::chrono;
  return {"ID1", "ID2", sys_days{2026y / March / 1} + days{static_cast<int>(index)}};
}

fetch_error error_of(fetch_error_kind kind, scrape_step step, int status = 0) {
  fetch_error error{kind, "sample", status};
  error.step = step;
  return error;
}

fetch_error unavailable(scrape_step step = scrape_step::search) {
  return error_of(fetch_error_kind::unexpected_status, step, 503);
}

/// A correct run of three days. The search of the second day's first attempt met a fault.
struct sample_run {
  run_record run;

  sample_run() {
    for (std::size_t index = 0; index < 3; ++index) run.queries.push_back(day(index));
    run.workers = 3;
    run.wall = 100ms;
    run.resources_before = run.resources_after = {.descriptors = 7, .threads = 2, .heap_bytes = 1'000};
    succeed(0);
    fail_once(1);
    succeed(2);
    attempt(0, 1, 0);
    attempt(1, 1, 1, fault_kind::status_503);
    attempt(1, 2, 2);
    attempt(2, 1, 3);
  }

  void succeed(std::size_t index) { run.outcomes.push_back({index, timetable(day(index), run.page_kb)}); }
  void fail_once(std::size_t index) {
    run.retries.push_back({index, 1, unavailable(), 5ms});
    succeed(index);
  }
  void log(std::size_t index, int step, std::uint32_t number, int session,
           std::optional<fault_kind> fault = {}) {
    logged_exchange exchange{.date = day(index).date,
                             .session = {},
                             .step = step,
                             .attempt = number,
                             .fault = fault,
                             .status = fault ? 503 : 200};
    if (session != no_session) exchange.session = static_cast<std::uint64_t>(session);
    run.log.push_back(exchange);
  }
  /// Logs both exchanges of an attempt, the search with a fault, if any.
  void attempt(std::size_t index, std::uint32_t number, int session, std::optional<fault_kind> fault = {}) {
    log(index, 1, number, session);
    log(index, 2, number, session, fault);
  }

  reported_outcome& outcome_of(std::size_t index) {
    return *std::ranges::find(run.outcomes, index, &reported_outcome::index);
  }
  void forget_log(std::size_t index, int step, std::uint32_t number) {
    std::erase_if(run.log, [&](const logged_exchange& exchange) {
      return exchange.date == day(index).date && exchange.step == step && exchange.attempt == number;
    });
  }

  std::vector<invariant> violated() const {
    std::vector<invariant> violated;
    for (const auto& found : judge(run)) {
      EXPECT_THAT(found.detail, testing::Not(IsEmpty()));
      EXPECT_EQ(found.detail.find('\n'), std::string::npos);
      if (std::ranges::find(violated, found.violated) == violated.end()) violated.push_back(found.violated);
    }
    return violated;
  }
};

TEST(oracle, correct_run_has_no_violation) { EXPECT_THAT(sample_run{}.violated(), IsEmpty()); }

TEST(oracle, lost_outcome_is_detected) {
  sample_run sample;
  sample.run.outcomes.pop_back();
  EXPECT_THAT(sample.violated(), testing::Contains(invariant::no_lost_outcome));
}

TEST(oracle, duplicate_or_foreign_outcome_is_detected) {
  sample_run twice;
  twice.succeed(2);
  EXPECT_THAT(twice.violated(), testing::Contains(invariant::no_duplicate_outcome));
  sample_run foreign;
  foreign.run.outcomes.push_back({3, timetable(day(3), 3)});
  EXPECT_THAT(foreign.violated(), ElementsAre(invariant::no_duplicate_outcome));
}

TEST(oracle, wrong_fares_are_detected) {
  sample_run price;
  ++price.outcome_of(1).result->front().price_hundredths;
  EXPECT_THAT(price.violated(), ElementsAre(invariant::correct_fares));
  sample_run fewer;
  fewer.outcome_of(0).result->pop_back();
  EXPECT_THAT(fewer.violated(), ElementsAre(invariant::correct_fares));
  sample_run other_day;
  other_day.outcome_of(0).result = timetable(day(1), 3);
  EXPECT_THAT(other_day.violated(), ElementsAre(invariant::correct_fares));
  sample_run none;
  none.outcome_of(0).result->clear();
  EXPECT_THAT(none.violated(), ElementsAre(invariant::correct_fares));
}

TEST(oracle, exception_is_detected) {
  sample_run sample;
  sample.run.exception = "out of luck";
  EXPECT_THAT(sample.violated(), ElementsAre(invariant::no_exception));
}

TEST(oracle, success_without_response_is_detected) {
  sample_run without_response;
  without_response.forget_log(2, 2, 1);
  EXPECT_THAT(without_response.violated(), ElementsAre(invariant::success_has_response));
  sample_run refused;
  refused.forget_log(2, 2, 1);
  refused.log(2, 2, 1, 3, fault_kind::status_503);
  EXPECT_THAT(refused.violated(), ElementsAre(invariant::success_has_response));
}

TEST(oracle, foreign_session_is_detected) {
  sample_run other_day;
  other_day.forget_log(2, 2, 1);
  other_day.log(2, 2, 1, 0);
  EXPECT_THAT(other_day.violated(), ElementsAre(invariant::own_session));
  sample_run other_attempt;
  other_attempt.forget_log(1, 2, 2);
  other_attempt.log(1, 2, 2, 1);
  EXPECT_THAT(other_attempt.violated(), ElementsAre(invariant::own_session));
  // A start page requested twice starts two sessions, of which either is valid.
  sample_run either;
  either.log(2, 1, 1, 9);
  EXPECT_THAT(either.violated(), IsEmpty());
}

TEST(oracle, excess_retries_are_detected) {
  sample_run skipped;
  skipped.run.retries.front().attempt = 2;
  EXPECT_THAT(skipped.violated(), ElementsAre(invariant::attempt_count));
  sample_run too_many;
  too_many.run.policy.max_attempts = 1;
  EXPECT_THAT(too_many.violated(), ElementsAre(invariant::attempt_count));
  sample_run beyond_budget;
  beyond_budget.run.policy.retry_floor = 0;
  beyond_budget.run.policy.retry_share = 0.3;
  EXPECT_THAT(beyond_budget.violated(), ElementsAre(invariant::retry_budget));
  sample_run too_long;
  too_long.run.retries.front().wait = 36s;
  EXPECT_THAT(too_long.violated(), ElementsAre(invariant::retry_budget));
}

TEST(oracle, retryable_failures_follow_the_documentation) {
  using enum fetch_error_kind;
  for (const auto kind : {connect_failed, connect_timeout, deadline_exceeded, connection_lost, bad_response})
    EXPECT_TRUE(is_retryable(error_of(kind, scrape_step::search))) << to_string(kind);
  for (const auto kind :
       {invalid_query, invalid_url, invalid_header, unsupported_response, no_session, redirect_refused,
        header_too_large, body_too_large, malformed_page, cancelled, out_of_resources})
    EXPECT_FALSE(is_retryable(error_of(kind, scrape_step::search))) << to_string(kind);
  for (const int status : {408, 425, 429, 500, 503, 599})
    EXPECT_TRUE(is_retryable(error_of(unexpected_status, scrape_step::search, status))) << status;
  for (const int status : {204, 301, 400, 403, 404, 418, 600})
    EXPECT_FALSE(is_retryable(error_of(unexpected_status, scrape_step::search, status))) << status;
}

TEST(oracle, wrong_retry_decision_is_detected) {
  sample_run repeated;
  repeated.run.retries.front().error = error_of(fetch_error_kind::malformed_page, scrape_step::search);
  EXPECT_THAT(repeated.violated(), ElementsAre(invariant::retry_policy));

  sample_run gave_up;
  gave_up.outcome_of(1).result = std::unexpected(unavailable());
  gave_up.forget_log(1, 2, 2);
  gave_up.log(1, 2, 2, 2, fault_kind::status_503);
  EXPECT_THAT(gave_up.violated(), ElementsAre(invariant::retry_policy));
  gave_up.run.policy.max_attempts = 2;
  EXPECT_THAT(gave_up.violated(), IsEmpty()) << "there was no attempt left";
  gave_up.run.policy.max_attempts = 3;
  gave_up.run.policy.retry_floor = 1;
  gave_up.run.policy.retry_share = 0;
  EXPECT_THAT(gave_up.violated(), IsEmpty()) << "there was no budget left";
  gave_up.run.policy = {};
  gave_up.run.wall = gave_up.run.policy.scrape_deadline;
  EXPECT_THAT(gave_up.violated(), IsEmpty()) << "there may have been no time left";
}

TEST(oracle, second_login_is_detected) {
  const auto expired = error_of(fetch_error_kind::unexpected_status, scrape_step::search, 403);
  sample_run once;
  once.run.retries.front().error = expired;
  EXPECT_THAT(once.violated(), IsEmpty());
  sample_run twice;
  twice.run.retries.front().error = expired;
  twice.run.retries.push_back({1, 2, expired, 0ms});
  twice.attempt(1, 3, 4);
  twice.forget_log(1, 2, 2);
  twice.log(1, 2, 2, no_session, fault_kind::expired_session);
  EXPECT_THAT(twice.violated(), ElementsAre(invariant::retry_policy));
}

TEST(oracle, mismatch_with_server_log_is_detected) {
  sample_run unseen;
  unseen.forget_log(1, 1, 1);
  unseen.forget_log(1, 2, 1);
  EXPECT_THAT(unseen.violated(), testing::Contains(invariant::matches_server_log));
  sample_run unreported;
  unreported.attempt(0, 2, 9);
  EXPECT_THAT(unreported.violated(), ElementsAre(invariant::matches_server_log));
  sample_run foreign;
  foreign.attempt(7, 1, 9);
  EXPECT_THAT(foreign.violated(), ElementsAre(invariant::matches_server_log));
  sample_run before_its_search;
  before_its_search.run.retries.front().error = unavailable(scrape_step::start_page);
  EXPECT_THAT(before_its_search.violated(), ElementsAre(invariant::matches_server_log));
  sample_run thrice;
  thrice.log(1, 2, 1, 1, fault_kind::status_503);
  EXPECT_THAT(thrice.violated(), IsEmpty()) << "libcurl may retry it once";
  thrice.log(1, 2, 1, 1, fault_kind::status_503);
  EXPECT_THAT(thrice.violated(), ElementsAre(invariant::matches_server_log));
}

TEST(oracle, redirect_target_is_ignored) {
  sample_run sample;
  sample.log(0, 0, 1, no_session, fault_kind::redirect_loop);
  EXPECT_THAT(sample.violated(), IsEmpty());
}

TEST(oracle, failure_without_fault_is_detected) {
  sample_run sample;
  sample.forget_log(1, 2, 1);
  sample.log(1, 2, 1, 1);
  EXPECT_THAT(sample.violated(), ElementsAre(invariant::failure_has_fault));
  sample.run.faults_spread = true;
  EXPECT_THAT(sample.violated(), ElementsAre(invariant::failure_has_fault)) << "no fault to spread";
  sample.log(0, 1, 1, 0, fault_kind::refuse);
  EXPECT_THAT(sample.violated(), IsEmpty());
}

TEST(oracle, server_restart_explains_lost_connections) {
  sample_run sample;
  sample.run.retries.front().error = error_of(fetch_error_kind::connect_failed, scrape_step::start_page);
  sample.forget_log(1, 1, 1);
  sample.forget_log(1, 2, 1);
  EXPECT_THAT(sample.violated(), testing::Contains(invariant::matches_server_log));
  sample.run.site_stayed_up = false;
  EXPECT_THAT(sample.violated(), IsEmpty());
  sample.run.retries.front().error = error_of(fetch_error_kind::bad_response, scrape_step::start_page);
  EXPECT_THAT(sample.violated(), ElementsAre(invariant::failure_has_fault));
}

TEST(oracle, failure_after_faults_end_is_detected) {
  sample_run sample;
  sample.outcome_of(1).result = std::unexpected(unavailable());
  sample.forget_log(1, 2, 2);
  sample.log(1, 2, 2, 2, fault_kind::status_503);
  sample.run.policy.max_attempts = 2;
  sample.run.faults_until = 1;
  EXPECT_THAT(sample.violated(), ElementsAre(invariant::converges));
  sample.outcome_of(1).result =
      std::unexpected(error_of(fetch_error_kind::malformed_page, scrape_step::search));
  EXPECT_THAT(sample.violated(), IsEmpty()) << "a permanent failure stays";
}

TEST(oracle, missed_deadline_is_detected) {
  sample_run sample;
  sample.run.policy.scrape_deadline = 10s;
  sample.run.wall = 12s;
  EXPECT_THAT(sample.violated(), IsEmpty());
  sample.run.wall = 14s;
  EXPECT_THAT(sample.violated(), ElementsAre(invariant::within_deadline));
  sample.run.workers = 1;
  EXPECT_THAT(sample.violated(), IsEmpty()) << "three days, one after the other";
}

TEST(oracle, leaked_resource_is_detected) {
  sample_run descriptor;
  ++descriptor.run.resources_after.descriptors;
  EXPECT_THAT(descriptor.violated(), ElementsAre(invariant::no_leak));
  sample_run thread;
  ++thread.run.resources_after.threads;
  EXPECT_THAT(thread.violated(), ElementsAre(invariant::no_leak));
  sample_run memory;
  memory.run.resources_after.heap_bytes += 1'000'000;
  EXPECT_THAT(memory.violated(), ElementsAre(invariant::no_leak));
}

TEST(oracle, different_outcomes_are_detected) {
  const sample_run first;
  sample_run other;
  const auto together = [&] { return judge_together({{"first", &first.run}, {"other", &other.run}}); };
  EXPECT_THAT(together(), IsEmpty());
  other.outcome_of(1).result = std::unexpected(unavailable());
  ASSERT_EQ(together().size(), 1u);
  EXPECT_EQ(together().front().first, "other");
  EXPECT_EQ(together().front().second.violated, invariant::same_outcomes);
  EXPECT_THAT(together().front().second.detail, HasSubstr("day 1 (2026-03-02)"));
}

TEST(oracle, failures_are_compared_by_kind_and_status) {
  sample_run first;
  sample_run other;
  const auto together = [&] { return judge_together({{"first", &first.run}, {"other", &other.run}}).size(); };
  first.outcome_of(1).result = other.outcome_of(1).result = std::unexpected(unavailable());
  other.outcome_of(1).result.error().detail = "in other words";
  EXPECT_EQ(together(), 0u);
  other.outcome_of(1).result.error().status = 502;
  EXPECT_EQ(together(), 1u);
  other.outcome_of(1).result =
      std::unexpected(error_of(fetch_error_kind::connection_lost, scrape_step::search));
  EXPECT_EQ(together(), 1u);
}

}  // namespace
}  // namespace farebench::soak
