// The oracle against made-up runs: what is right it lets pass, and each law is broken by a run of its own.

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
  fetch_error made{kind, "made up", status};
  made.step = step;
  return made;
}

fetch_error unavailable(scrape_step step = scrape_step::search) {
  return error_of(fetch_error_kind::unexpected_status, step, 503);
}

/// A run of three days that breaks no law: the second day's first attempt met a fault in its search.
struct made_up_run {
  run_record run;

  made_up_run() {
    for (std::size_t index = 0; index < 3; ++index) run.asked.push_back(day(index));
    run.workers = 3;
    run.wall = 100ms;
    run.before = run.after = {.descriptors = 7, .threads = 2, .heap_bytes = 1'000};
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
    logged_exchange one{.date = day(index).date,
                        .session = {},
                        .step = step,
                        .attempt = number,
                        .fault = fault,
                        .status = fault ? 503 : 200};
    if (session != no_session) one.session = static_cast<std::uint64_t>(session);
    run.log.push_back(one);
  }
  /// Both exchanges of an attempt, its search with a fault or without.
  void attempt(std::size_t index, std::uint32_t number, int session, std::optional<fault_kind> fault = {}) {
    log(index, 1, number, session);
    log(index, 2, number, session, fault);
  }

  told_outcome& of(std::size_t index) {
    return *std::ranges::find(run.outcomes, index, &told_outcome::index);
  }
  void forget_log(std::size_t index, int step, std::uint32_t number) {
    std::erase_if(run.log, [&](const logged_exchange& one) {
      return one.date == day(index).date && one.step == step && one.attempt == number;
    });
  }

  std::vector<law> broken() const {
    std::vector<law> laws;
    for (const auto& one : judge(run)) {
      EXPECT_THAT(one.detail, testing::Not(IsEmpty()));
      EXPECT_EQ(one.detail.find('\n'), std::string::npos);
      if (std::ranges::find(laws, one.broken) == laws.end()) laws.push_back(one.broken);
    }
    return laws;
  }
};

TEST(oracle, lets_a_run_pass_that_breaks_no_law) { EXPECT_THAT(made_up_run{}.broken(), IsEmpty()); }

TEST(oracle, misses_an_outcome_that_was_lost) {
  made_up_run made;
  made.run.outcomes.pop_back();
  EXPECT_THAT(made.broken(), testing::Contains(law::none_lost));
}

TEST(oracle, counts_outcomes_that_came_twice_or_were_not_asked_for) {
  made_up_run twice;
  twice.succeed(2);
  EXPECT_THAT(twice.broken(), testing::Contains(law::none_twice));
  made_up_run unasked;
  unasked.run.outcomes.push_back({3, timetable(day(3), 3)});
  EXPECT_THAT(unasked.broken(), ElementsAre(law::none_twice));
}

TEST(oracle, knows_the_fares_of_each_day) {
  made_up_run price;
  ++price.of(1).result->front().price_hundredths;
  EXPECT_THAT(price.broken(), ElementsAre(law::right_fares));
  made_up_run fewer;
  fewer.of(0).result->pop_back();
  EXPECT_THAT(fewer.broken(), ElementsAre(law::right_fares));
  made_up_run other_day;
  other_day.of(0).result = timetable(day(1), 3);
  EXPECT_THAT(other_day.broken(), ElementsAre(law::right_fares));
  made_up_run none;
  none.of(0).result->clear();
  EXPECT_THAT(none.broken(), ElementsAre(law::right_fares));
}

TEST(oracle, wants_a_run_to_end_well) {
  made_up_run made;
  made.run.threw = "out of luck";
  EXPECT_THAT(made.broken(), ElementsAre(law::ends_well));
}

TEST(oracle, wants_each_success_to_have_been_answered) {
  made_up_run unanswered;
  unanswered.forget_log(2, 2, 1);
  EXPECT_THAT(unanswered.broken(), ElementsAre(law::has_its_answer));
  made_up_run refused;
  refused.forget_log(2, 2, 1);
  refused.log(2, 2, 1, 3, fault_kind::status_503);
  EXPECT_THAT(refused.broken(), ElementsAre(law::has_its_answer));
}

TEST(oracle, wants_each_search_in_the_session_of_its_own_attempt) {
  made_up_run of_another_day;
  of_another_day.forget_log(2, 2, 1);
  of_another_day.log(2, 2, 1, 0);
  EXPECT_THAT(of_another_day.broken(), ElementsAre(law::own_session));
  made_up_run of_another_attempt;
  of_another_attempt.forget_log(1, 2, 2);
  of_another_attempt.log(1, 2, 2, 1);
  EXPECT_THAT(of_another_attempt.broken(), ElementsAre(law::own_session));
  // A start page that was asked for twice begins two; either will do.
  made_up_run of_either;
  of_either.log(2, 1, 1, 9);
  EXPECT_THAT(of_either.broken(), IsEmpty());
}

TEST(oracle, counts_repeats) {
  made_up_run skipped;
  skipped.run.retries.front().attempt = 2;
  EXPECT_THAT(skipped.broken(), ElementsAre(law::counted_attempts));
  made_up_run too_many;
  too_many.run.policy.max_attempts = 1;
  EXPECT_THAT(too_many.broken(), ElementsAre(law::counted_attempts));
  made_up_run beyond_budget;
  beyond_budget.run.policy.retry_floor = 0;
  beyond_budget.run.policy.retry_share = 0.3;
  EXPECT_THAT(beyond_budget.broken(), ElementsAre(law::within_budget));
  made_up_run too_long;
  too_long.run.retries.front().wait = 36s;
  EXPECT_THAT(too_long.broken(), ElementsAre(law::within_budget));
}

TEST(oracle, knows_what_may_pass) {
  using enum fetch_error_kind;
  for (const auto kind : {connect_failed, connect_timeout, deadline_exceeded, connection_lost, bad_response})
    EXPECT_TRUE(may_pass(error_of(kind, scrape_step::search))) << to_string(kind);
  for (const auto kind : {invalid_query, no_session, redirect_refused, header_too_large, body_too_large,
                          malformed_page, cancelled, out_of_resources})
    EXPECT_FALSE(may_pass(error_of(kind, scrape_step::search))) << to_string(kind);
  for (const int status : {408, 425, 429, 500, 503, 599})
    EXPECT_TRUE(may_pass(error_of(unexpected_status, scrape_step::search, status))) << status;
  for (const int status : {204, 301, 400, 403, 404, 418, 600})
    EXPECT_FALSE(may_pass(error_of(unexpected_status, scrape_step::search, status))) << status;
}

TEST(oracle, wants_what_may_pass_repeated_and_nothing_else) {
  made_up_run repeated;
  repeated.run.retries.front().why = error_of(fetch_error_kind::malformed_page, scrape_step::search);
  EXPECT_THAT(repeated.broken(), ElementsAre(law::repeats_what_may_pass));

  made_up_run gave_up;
  gave_up.of(1).result = std::unexpected(unavailable());
  gave_up.forget_log(1, 2, 2);
  gave_up.log(1, 2, 2, 2, fault_kind::status_503);
  EXPECT_THAT(gave_up.broken(), ElementsAre(law::repeats_what_may_pass));
  gave_up.run.policy.max_attempts = 2;
  EXPECT_THAT(gave_up.broken(), IsEmpty()) << "there was no attempt left";
  gave_up.run.policy.max_attempts = 3;
  gave_up.run.policy.retry_floor = 1;
  gave_up.run.policy.retry_share = 0;
  EXPECT_THAT(gave_up.broken(), IsEmpty()) << "there was no budget left";
  gave_up.run.policy = {};
  gave_up.run.wall = gave_up.run.policy.scrape_deadline;
  EXPECT_THAT(gave_up.broken(), IsEmpty()) << "there may have been no time left";
}

TEST(oracle, lets_a_scrape_log_in_again_once) {
  const auto expired = error_of(fetch_error_kind::unexpected_status, scrape_step::search, 403);
  made_up_run once;
  once.run.retries.front().why = expired;
  EXPECT_THAT(once.broken(), IsEmpty());
  made_up_run twice;
  twice.run.retries.front().why = expired;
  twice.run.retries.push_back({1, 2, expired, 0ms});
  twice.attempt(1, 3, 4);
  twice.forget_log(1, 2, 2);
  twice.log(1, 2, 2, no_session, fault_kind::expired_session);
  EXPECT_THAT(twice.broken(), ElementsAre(law::repeats_what_may_pass));
}

TEST(oracle, joins_what_both_sides_say_of_each_attempt) {
  made_up_run unseen;
  unseen.forget_log(1, 1, 1);
  unseen.forget_log(1, 2, 1);
  EXPECT_THAT(unseen.broken(), testing::Contains(law::agrees_with_log));
  made_up_run untold;
  untold.attempt(0, 2, 9);
  EXPECT_THAT(untold.broken(), ElementsAre(law::agrees_with_log));
  made_up_run of_nobody;
  of_nobody.attempt(7, 1, 9);
  EXPECT_THAT(of_nobody.broken(), ElementsAre(law::agrees_with_log));
  made_up_run before_its_search;
  before_its_search.run.retries.front().why = unavailable(scrape_step::start_page);
  EXPECT_THAT(before_its_search.broken(), ElementsAre(law::agrees_with_log));
  made_up_run thrice;
  thrice.log(1, 2, 1, 1, fault_kind::status_503);
  EXPECT_THAT(thrice.broken(), IsEmpty()) << "libcurl may repeat it once";
  thrice.log(1, 2, 1, 1, fault_kind::status_503);
  EXPECT_THAT(thrice.broken(), ElementsAre(law::agrees_with_log));
}

TEST(oracle, takes_no_word_of_where_a_redirect_led) {
  made_up_run made;
  made.log(0, 0, 1, no_session, fault_kind::redirect_loop);
  EXPECT_THAT(made.broken(), IsEmpty());
}

TEST(oracle, wants_a_cause_for_each_failure) {
  made_up_run made;
  made.forget_log(1, 2, 1);
  made.log(1, 2, 1, 1);
  EXPECT_THAT(made.broken(), ElementsAre(law::has_a_cause));
  made.run.faults_spread = true;
  EXPECT_THAT(made.broken(), ElementsAre(law::has_a_cause)) << "there was none to spread";
  made.log(0, 1, 1, 0, fault_kind::refuse);
  EXPECT_THAT(made.broken(), IsEmpty());
}

TEST(oracle, lets_a_site_that_went_away_take_connections_and_sessions_along) {
  made_up_run made;
  made.run.retries.front().why = error_of(fetch_error_kind::connect_failed, scrape_step::start_page);
  made.forget_log(1, 1, 1);
  made.forget_log(1, 2, 1);
  EXPECT_THAT(made.broken(), testing::Contains(law::agrees_with_log));
  made.run.site_stayed_up = false;
  EXPECT_THAT(made.broken(), IsEmpty());
  made.run.retries.front().why = error_of(fetch_error_kind::bad_response, scrape_step::start_page);
  EXPECT_THAT(made.broken(), ElementsAre(law::has_a_cause));
}

TEST(oracle, wants_everything_home_once_the_faults_have_ended) {
  made_up_run made;
  made.of(1).result = std::unexpected(unavailable());
  made.forget_log(1, 2, 2);
  made.log(1, 2, 2, 2, fault_kind::status_503);
  made.run.policy.max_attempts = 2;
  made.run.faults_until = 1;
  EXPECT_THAT(made.broken(), ElementsAre(law::converges));
  made.of(1).result = std::unexpected(error_of(fetch_error_kind::malformed_page, scrape_step::search));
  EXPECT_THAT(made.broken(), IsEmpty()) << "what will not pass is final";
}

TEST(oracle, bounds_the_time_by_the_deadlines_of_the_scrapes) {
  made_up_run made;
  made.run.policy.scrape_deadline = 10s;
  made.run.wall = 12s;
  EXPECT_THAT(made.broken(), IsEmpty());
  made.run.wall = 14s;
  EXPECT_THAT(made.broken(), ElementsAre(law::in_time));
  made.run.workers = 1;
  EXPECT_THAT(made.broken(), IsEmpty()) << "three days, one after the other";
}

TEST(oracle, wants_everything_back) {
  made_up_run descriptor;
  ++descriptor.run.after.descriptors;
  EXPECT_THAT(descriptor.broken(), ElementsAre(law::gives_back));
  made_up_run thread;
  ++thread.run.after.threads;
  EXPECT_THAT(thread.broken(), ElementsAre(law::gives_back));
  made_up_run memory;
  memory.run.after.heap_bytes += 1'000'000;
  EXPECT_THAT(memory.broken(), ElementsAre(law::gives_back));
}

TEST(oracle, wants_the_same_of_every_strategy) {
  const made_up_run one;
  made_up_run other;
  const auto together = [&] { return judge_together({{"one", &one.run}, {"other", &other.run}}); };
  EXPECT_THAT(together(), IsEmpty());
  other.of(1).result = std::unexpected(unavailable());
  ASSERT_EQ(together().size(), 1u);
  EXPECT_EQ(together().front().first, "other");
  EXPECT_EQ(together().front().second.broken, law::same_everywhere);
  EXPECT_THAT(together().front().second.detail, HasSubstr("day 1 (2026-03-02)"));
}

TEST(oracle, tells_failures_apart_by_kind_and_status_and_not_by_their_words) {
  made_up_run one;
  made_up_run other;
  const auto together = [&] { return judge_together({{"one", &one.run}, {"other", &other.run}}).size(); };
  one.of(1).result = other.of(1).result = std::unexpected(unavailable());
  other.of(1).result.error().detail = "in other words";
  EXPECT_EQ(together(), 0u);
  other.of(1).result.error().status = 502;
  EXPECT_EQ(together(), 1u);
  other.of(1).result = std::unexpected(error_of(fetch_error_kind::connection_lost, scrape_step::search));
  EXPECT_EQ(together(), 1u);
}

}  // namespace
}  // namespace farebench::soak
