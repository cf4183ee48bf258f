// What every strategy promises of failures that may pass: which are repeated, how often, when, and what is
// told of it.

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <vector>

#include "farebench/date.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/flaky_site.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

std::string iso(std::size_t index) { return format_iso_date(day(index).date); }

stub_answer status(int code, const std::string& headers = {}) {
  return {.bytes = http_response(code, headers, "")};
}

struct told_retry {
  std::size_t index;
  std::size_t attempt;
  fetch_error why;
  std::chrono::milliseconds wait;
};

class retry : public every_strategy {
 protected:
  /// Repeats without limit but max_attempts, and without waiting, unless a test says otherwise.
  batch work_at(const std::string& url, std::size_t size, std::size_t workers) {
    auto work = days_at(url, size, workers);
    work.policy.tag_requests = true;
    work.policy.backoff_base = 0ms;
    work.policy.retry_floor = std::numeric_limits<std::uint32_t>::max();
    work.on_retry = [this](std::size_t index, std::size_t attempt, const fetch_error& why,
                           std::chrono::milliseconds wait) { told_.push_back({index, attempt, why, wait}); };
    return work;
  }

  void run_all(const batch& work) {
    run(work, outcomes_.sink());
    ASSERT_EQ(outcomes_.size(), work.size);
  }

  collected_outcomes outcomes_;
  std::vector<told_retry> told_;
};
INSTANTIATE_TEST_SUITE_P(contract, retry, all_strategies(), name_of);

TEST_P(retry, makes_an_attempt_again_until_what_may_pass_has_passed) {
  // Eight ways to fail, one a day, in the first exchange or the second.
  const std::vector<std::pair<stub_answer, fetch_error_kind>> failures{
      {status(408), fetch_error_kind::unexpected_status},
      {status(425), fetch_error_kind::unexpected_status},
      {status(429), fetch_error_kind::unexpected_status},
      {status(500), fetch_error_kind::unexpected_status},
      {status(503), fetch_error_kind::unexpected_status},
      {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", .close_after = true},
       fetch_error_kind::connection_lost},
      {{.bytes = "220 mail ready\r\n", .close_after = true}, fetch_error_kind::bad_response},
      {{.bytes = {}, .never = true}, fetch_error_kind::deadline_exceeded}};
  for (const bool of_search : {false, true}) {
    flaky_site site{[&](const tagged_request& request) {
      const auto days =
          (std::chrono::sys_days{*parse_iso_date(request.date)} - std::chrono::sys_days{day(0).date}).count();
      if (request.attempt == 3 || request.is_search != of_search) return flaky_site::good_answer(request);
      return failures.at(static_cast<std::size_t>(days)).first;
    }};
    outcomes_ = {};
    told_.clear();
    auto work = work_at(site.url(), failures.size(), 3);
    work.policy.exchange.exchange_deadline = 300ms;
    run_all(work);
    for (std::size_t index = 0; index < failures.size(); ++index) {
      ASSERT_TRUE(outcomes_.at(index)) << index << ": " << describe(outcomes_.at(index).error());
      EXPECT_EQ(*outcomes_.at(index), flaky_site::fares());
      EXPECT_EQ(site.attempts(iso(index)), 3u);
      std::vector<std::size_t> attempts;
      for (const auto& one : told_) {
        if (one.index != index) continue;
        attempts.push_back(one.attempt);
        EXPECT_EQ(one.why.kind, failures[index].second) << describe(one.why);
        EXPECT_EQ(one.why.step, of_search ? scrape_step::search : scrape_step::start_page);
        EXPECT_EQ(one.wait, 0ms);
      }
      EXPECT_EQ(attempts, (std::vector<std::size_t>{1, 2}));
    }
  }
}

TEST_P(retry, ends_with_the_last_failure_after_so_many_attempts) {
  flaky_site site{
      [](const tagged_request& request) { return status(500 + static_cast<int>(request.attempt)); }};
  auto work = work_at(site.url(), 4, 2);
  work.policy.max_attempts = 5;
  run_all(work);
  for (std::size_t index = 0; index < 4; ++index) {
    EXPECT_EQ(site.attempts(iso(index)), 5u);
    ASSERT_FALSE(outcomes_.at(index));
    EXPECT_EQ(outcomes_.at(index).error().kind, fetch_error_kind::unexpected_status);
    EXPECT_EQ(outcomes_.at(index).error().status, 505);
  }
}

TEST_P(retry, of_one_attempt_is_none) {
  flaky_site site{[](const tagged_request&) { return status(503); }};
  auto work = work_at(site.url(), 3, 2);
  work.policy.max_attempts = 1;
  run_all(work);
  EXPECT_EQ(site.attempts(), 3u);
  EXPECT_TRUE(told_.empty());
}

TEST_P(retry, keeps_to_its_budget_so_that_an_outage_is_not_multiplied) {
  constexpr std::size_t days = 20;
  flaky_site site{[](const tagged_request&) { return status(503); }};
  auto work = work_at(site.url(), days, 4);
  work.policy.max_attempts = 10;
  work.policy.retry_floor = 3;
  work.policy.retry_share = 0;
  run_all(work);
  EXPECT_EQ(site.attempts(), days + 3);
  EXPECT_EQ(told_.size(), 3u);

  flaky_site other{[](const tagged_request&) { return status(503); }};
  outcomes_ = {};
  auto shared = work_at(other.url(), days, 4);
  shared.policy.max_attempts = 10;
  shared.policy.retry_floor = 0;
  shared.policy.retry_share = 0.5;
  run_all(shared);
  EXPECT_GT(other.attempts(), days);
  EXPECT_LE(other.attempts(), days + days / 2);
}

TEST_P(retry, does_not_repeat_what_will_not_pass) {
  const std::vector<std::pair<stub_answer, fetch_error_kind>> failures{
      {status(404), fetch_error_kind::unexpected_status},
      {status(302, "Location: file:///etc/passwd\r\n"), fetch_error_kind::redirect_refused},
      {{.bytes = http_response(200, "", page_with("<p class=select-line>07:05 sold out</p>"))},
       fetch_error_kind::malformed_page},
      {{.bytes = http_response(200, "", std::string(2'000, ' '))}, fetch_error_kind::body_too_large},
      {{.bytes = http_response(200, "X: " + std::string(2'000, 'x') + "\r\n", "")},
       fetch_error_kind::header_too_large}};
  for (const auto& [answer, kind] : failures) {
    flaky_site site{[&](const tagged_request& request) {
      return request.is_search ? answer : flaky_site::good_answer(request);
    }};
    outcomes_ = {};
    auto work = work_at(site.url(), 2, 1);
    work.policy.exchange.max_body_bytes = 1'000;
    work.policy.exchange.max_header_bytes = 1'000;
    run_all(work);
    EXPECT_EQ(site.attempts(), 2u) << to_string(kind);
    for (const auto& [index, result] : outcomes_.by_index()) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind, kind) << describe(result.error());
    }
  }
  EXPECT_TRUE(told_.empty());
}

TEST_P(retry, logs_in_again_at_once_when_the_session_has_expired) {
  flaky_site site{[](const tagged_request& request) {
    return request.is_search && request.attempt == 1 ? status(403) : flaky_site::good_answer(request);
  }};
  auto work = work_at(site.url(), 6, 2);
  work.policy.backoff_base = 10s;
  work.policy.backoff_cap = 10s;
  run_all(work);
  for (const auto& [index, result] : outcomes_.by_index()) EXPECT_TRUE(result) << describe(result.error());
  EXPECT_EQ(site.attempts(), 12u);
  for (const auto& one : told_) EXPECT_EQ(one.wait, 0ms);
}

TEST_P(retry, logs_in_again_once_and_only_when_the_search_was_refused) {
  for (const bool of_search : {true, false}) {
    flaky_site site{[&](const tagged_request& request) {
      return request.is_search == of_search ? status(403) : flaky_site::good_answer(request);
    }};
    outcomes_ = {};
    run_all(work_at(site.url(), 4, 2));
    EXPECT_EQ(site.attempts(), of_search ? 8u : 4u);
    for (const auto& [index, result] : outcomes_.by_index()) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().status, 403);
    }
  }
}

TEST_P(retry, waits_as_long_as_it_is_asked_to_in_seconds) {
  flaky_site site{[](const tagged_request& request) {
    return request.attempt == 1 ? status(429, "Retry-After: 1\r\n") : flaky_site::good_answer(request);
  }};
  run_all(work_at(site.url(), 2, 2));
  for (std::size_t index = 0; index < 2; ++index) {
    EXPECT_TRUE(outcomes_.at(index));
    EXPECT_GE(site.begin_of(iso(index), 2) - site.begin_of(iso(index), 1), 1s);
  }
  for (const auto& one : told_) {
    EXPECT_EQ(one.wait, 1s);
    EXPECT_EQ(one.why.retry_after, 1s);
  }
}

TEST_P(retry, waits_until_the_date_that_it_is_told_but_never_longer_than_the_cap) {
  const auto http_date = [](std::time_t when) {
    std::tm utc{};
    gmtime_r(&when, &utc);
    std::array<char, 64> text{};
    std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    return std::string{text.data()};
  };
  const auto now = std::time(nullptr);
  const std::vector<std::string> asked{"3600", http_date(now + 3600),  http_date(now - 3600),
                                       "-5",   "99999999999999999999", "soon"};
  flaky_site site{[&](const tagged_request& request) {
    const auto days =
        (std::chrono::sys_days{*parse_iso_date(request.date)} - std::chrono::sys_days{day(0).date}).count();
    return request.attempt == 1
               ? status(503, "Retry-After: " + asked.at(static_cast<std::size_t>(days)) + "\r\n")
               : flaky_site::good_answer(request);
  }};
  auto work = work_at(site.url(), asked.size(), 2);
  work.policy.retry_after_cap = 70ms;
  run_all(work);
  ASSERT_EQ(told_.size(), asked.size());
  for (const auto& one : told_) {
    EXPECT_TRUE(outcomes_.at(one.index));
    EXPECT_EQ(one.wait, one.index < 2 ? 70ms : 0ms) << asked[one.index];
    if (one.index == 1) {
      EXPECT_GT(one.why.retry_after, 3500s);
      EXPECT_LE(one.why.retry_after, 3600s);
    }
  }
}

TEST_P(retry, draws_its_waits_from_a_range_that_doubles_up_to_the_cap) {
  flaky_site site{[](const tagged_request&) { return status(503); }};
  auto work = work_at(site.url(), 12, 4);
  work.policy.max_attempts = 6;
  work.policy.backoff_base = 8ms;
  work.policy.backoff_cap = 20ms;
  run_all(work);
  std::set<std::chrono::milliseconds> different;
  for (const auto& one : told_) {
    const auto most = std::min(20ms, 8ms * (1 << (one.attempt - 1)));
    EXPECT_GE(one.wait, 0ms);
    EXPECT_LE(one.wait, most) << one.attempt;
    different.insert(one.wait);
  }
  EXPECT_GT(different.size(), 3u) << "60 waits drawn from up to 21 values";
}

TEST_P(retry, ends_at_the_deadline_of_the_scrape_whatever_is_left_of_its_attempts) {
  // One that never answers, one that fails at once, and one that asks for more patience than there is.
  for (const auto& answer :
       {stub_answer{.bytes = {}, .never = true}, status(503), status(503, "Retry-After: 9\r\n")}) {
    flaky_site site{[&](const tagged_request&) { return answer; }};
    outcomes_ = {};
    auto work = work_at(site.url(), 2, 2);
    work.policy.scrape_deadline = 250ms;
    work.policy.exchange.exchange_deadline = 100ms;
    work.policy.backoff_base = 20ms;
    work.policy.max_attempts = 1'000;
    const auto begin = std::chrono::steady_clock::now();
    run_all(work);
    // sequential takes the two one after the other; what is above it is slack.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 2 * 250ms + 2s);
    for (const auto& [index, result] : outcomes_.by_index()) EXPECT_FALSE(result);
  }
}

TEST_P(retry, bounds_each_exchange_by_what_is_left_of_the_scrape) {
  flaky_site site{[](const tagged_request& request) {
    return request.is_search ? stub_answer{.bytes = {}, .never = true} : flaky_site::good_answer(request);
  }};
  auto work = work_at(site.url(), 1, 1);
  work.policy.scrape_deadline = 500ms;
  const auto begin = std::chrono::steady_clock::now();
  run_all(work);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s) << "the exchange's own deadline is 30 s";
  ASSERT_FALSE(outcomes_.at(0));
  EXPECT_EQ(outcomes_.at(0).error().kind, fetch_error_kind::deadline_exceeded);
}

TEST_P(retry, lets_fresh_queries_pass_while_it_waits) {
  // One worker. The first day is told to wait, in which the others come home.
  flaky_site site{[](const tagged_request& request) {
    return request.attempt == 1 && request.date == iso(0) ? status(503, "Retry-After: 1\r\n")
                                                          : flaky_site::good_answer(request);
  }};
  auto work = work_at(site.url(), 5, 1);
  work.policy.retry_after_cap = 300ms;
  std::vector<std::size_t> order;
  run(work, [&](std::size_t index, outcome&& result) {
    EXPECT_TRUE(result) << describe(result.error());
    order.push_back(index);
  });
  ASSERT_EQ(order.size(), 5u);
  EXPECT_EQ(order.front(), 1u) << "the second day did not wait for the first";
  EXPECT_GE(site.begin_of(iso(0), 2) - site.begin_of(iso(0), 1), 300ms);
}

TEST_P(retry, is_told_of_before_the_next_attempt_begins) {
  std::mutex mutex;
  std::set<std::pair<std::size_t, std::size_t>> told;
  std::atomic<int> untold = 0;
  flaky_site site{[&](const tagged_request& request) {
    const auto days =
        (std::chrono::sys_days{*parse_iso_date(request.date)} - std::chrono::sys_days{day(0).date}).count();
    const std::lock_guard lock{mutex};
    if (request.attempt > 1 && !told.contains({static_cast<std::size_t>(days), request.attempt - 1}))
      ++untold;
    return request.attempt < 3 ? status(503) : flaky_site::good_answer(request);
  }};
  auto work = on_two_loops(work_at(site.url(), 30, 6));
  std::atomic<int> inside = 0;
  work.on_retry = [&](std::size_t index, std::size_t attempt, const fetch_error&, std::chrono::milliseconds) {
    EXPECT_EQ(inside.fetch_add(1), 0) << "calls overlap";
    {
      const std::lock_guard lock{mutex};
      told.emplace(index, attempt);
    }
    inside.fetch_sub(1);
  };
  run(work, [&](std::size_t, outcome&&) {
    EXPECT_EQ(inside.fetch_add(1), 0) << "calls overlap";
    inside.fetch_sub(1);
  });
  EXPECT_EQ(untold, 0);
  EXPECT_EQ(told.size(), 60u);
}

TEST_P(retry, asks_for_its_query_again) {
  flaky_site site{[](const tagged_request& request) {
    return request.attempt == 1 ? status(503) : flaky_site::good_answer(request);
  }};
  auto work = work_at(site.url(), 8, 2);
  std::atomic<int> asked = 0;
  work.query_at = [&](std::size_t index) {
    ++asked;
    return day(index);
  };
  run_all(work);
  EXPECT_EQ(asked, 16);
}

TEST_P(retry, lets_what_its_observer_throws_out_of_run) {
  flaky_site site{[](const tagged_request&) { return status(503); }};
  auto work = on_two_loops(work_at(site.url(), 20, 4));
  work.on_retry = [](std::size_t, std::size_t, const fetch_error&, std::chrono::milliseconds) {
    throw std::domain_error{"enough"};
  };
  EXPECT_THROW(run(work, [](std::size_t, outcome&&) {}), std::domain_error);
}

TEST_P(retry, does_not_keep_a_failed_run_waiting) {
  // Half the days wait for long; then the sink throws, and all end.
  flaky_site site{[](const tagged_request& request) {
    return request.date < iso(3) ? status(503, "Retry-After: 60\r\n") : flaky_site::good_answer(request);
  }};
  auto work = on_two_loops(work_at(site.url(), 6, 6));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(run(work,
                   [](std::size_t, outcome&&) {
                     std::this_thread::sleep_for(50ms);
                     throw std::domain_error{"enough"};
                   }),
               std::domain_error);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s) << "the waits are of 30 s";
}

}  // namespace
}  // namespace farebench::test
