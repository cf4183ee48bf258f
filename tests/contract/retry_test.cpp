// Contract of every strategy for retries: which failures, how many, when, and how they are reported.

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
#include "tests/contract/sites.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

std::string iso(std::size_t index) { return format_iso_date(day(index).date); }

/// Index of the day that a request is for.
std::size_t index_of(const tagged_request& request) {
  using std::chrono::sys_days;
  return static_cast<std::size_t>((sys_days{*parse_iso_date(request.date)} - sys_days{day(0).date}).count());
}

stub_response status(int code, const std::string& headers = {}) {
  return {.bytes = http_response(code, headers, "")};
}

struct reported_retry {
  std::size_t index;
  std::size_t attempt;
  fetch_error error;
  std::chrono::milliseconds wait;
};

class retry : public every_strategy {
 protected:
  /// Batch that retries at once, limited by max_attempts only.
  batch work_at(const std::string& url, std::size_t size, std::size_t workers) {
    auto work = days_at(url, size, workers);
    work.policy.tag_requests = true;
    work.policy.backoff_base = 0ms;
    work.policy.retry_floor = std::numeric_limits<std::uint32_t>::max();
    work.on_retry = [this](std::size_t index, std::size_t attempt, const fetch_error& error,
                           std::chrono::milliseconds wait) {
      retries_.push_back({index, attempt, error, wait});
    };
    return work;
  }

  void run_all(const batch& work) {
    run(work, outcomes_.sink());
    ASSERT_EQ(outcomes_.size(), work.size);
  }

  collected_outcomes outcomes_;
  std::vector<reported_retry> retries_;
};
INSTANTIATE_TEST_SUITE_P(contract, retry, all_strategies(), name_of);

TEST_P(retry, temporary_failures_are_retried_until_success) {
  // Seven ways to fail, one per day, in the first exchange or the second.
  const std::vector<std::pair<stub_response, fetch_error_kind>> failures{
      {status(408), fetch_error_kind::unexpected_status},
      {status(425), fetch_error_kind::unexpected_status},
      {status(429), fetch_error_kind::unexpected_status},
      {status(500), fetch_error_kind::unexpected_status},
      {status(503), fetch_error_kind::unexpected_status},
      {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", .close_after = true},
       fetch_error_kind::connection_lost},
      {{.bytes = "220 mail ready\r\n", .close_after = true}, fetch_error_kind::bad_response}};
  for (const bool of_search : {false, true}) {
    flaky_site site{[&](const tagged_request& request) {
      if (request.attempt == 3 || request.is_search != of_search) return flaky_site::good_response(request);
      return failures.at(index_of(request)).first;
    }};
    outcomes_ = {};
    retries_.clear();
    run_all(work_at(site.url(), failures.size(), 3));
    for (std::size_t index = 0; index < failures.size(); ++index) {
      ASSERT_TRUE(outcomes_.at(index)) << index << ": " << describe(outcomes_.at(index).error());
      EXPECT_EQ(*outcomes_.at(index), fares_of_page());
      EXPECT_EQ(site.attempts(iso(index)), 3u);
      std::vector<std::size_t> attempts;
      for (const auto& retry : retries_) {
        if (retry.index != index) continue;
        attempts.push_back(retry.attempt);
        EXPECT_EQ(retry.error.kind, failures[index].second) << describe(retry.error);
        EXPECT_EQ(retry.error.step, of_search ? scrape_step::search : scrape_step::start_page);
        EXPECT_EQ(retry.wait, 0ms);
      }
      EXPECT_EQ(attempts, (std::vector<std::size_t>{1, 2}));
    }
  }
}

TEST_P(retry, timed_out_attempts_are_retried_until_success) {
  // Day 0 times out in its first exchange, day 1 in its second. On a busy machine further attempts may.
  flaky_site site{[&](const tagged_request& request) {
    return request.attempt < 3 && request.is_search == (index_of(request) == 1)
               ? stub_response{.bytes = {}, .no_response = true}
               : flaky_site::good_response(request);
  }};
  auto work = work_at(site.url(), 2, 2);
  work.policy.exchange.exchange_deadline = 1s;
  work.policy.scrape_deadline = 2 * hang_deadline;
  work.policy.max_attempts = 100;
  run_all(work);
  for (std::size_t index = 0; index < 2; ++index) {
    ASSERT_TRUE(outcomes_.at(index)) << index << ": " << describe(outcomes_.at(index).error());
    EXPECT_EQ(*outcomes_.at(index), fares_of_page());
    std::size_t retries = 0;
    for (const auto& retry : retries_) {
      if (retry.index != index) continue;
      EXPECT_EQ(retry.attempt, ++retries);
      EXPECT_EQ(retry.error.kind, fetch_error_kind::deadline_exceeded) << describe(retry.error);
      if (retry.attempt < 3) {
        EXPECT_EQ(retry.error.step, index == 1 ? scrape_step::search : scrape_step::start_page);
      }
      EXPECT_EQ(retry.wait, 0ms);
    }
    EXPECT_GE(retries, 2u);
    EXPECT_EQ(site.attempts(iso(index)), retries + 1);
  }
}

TEST_P(retry, last_failure_is_outcome_after_max_attempts) {
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

TEST_P(retry, max_attempts_of_one_disables_retries) {
  flaky_site site{[](const tagged_request&) { return status(503); }};
  auto work = work_at(site.url(), 3, 2);
  work.policy.max_attempts = 1;
  run_all(work);
  EXPECT_EQ(site.attempts(), 3u);
  EXPECT_TRUE(retries_.empty());
}

TEST_P(retry, retry_budget_limits_attempts) {
  constexpr std::size_t days = 20;
  flaky_site site{[](const tagged_request&) { return status(503); }};
  auto work = work_at(site.url(), days, 4);
  work.policy.max_attempts = 10;
  work.policy.retry_floor = 3;
  work.policy.retry_share = 0;
  run_all(work);
  EXPECT_EQ(site.attempts(), days + 3);
  EXPECT_EQ(retries_.size(), 3u);

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

TEST_P(retry, permanent_failures_are_not_retried) {
  const std::vector<std::pair<stub_response, fetch_error_kind>> failures{
      {status(404), fetch_error_kind::unexpected_status},
      {status(302, "Location: file:///etc/passwd\r\n"), fetch_error_kind::redirect_refused},
      {{.bytes = http_response(200, "", page_with("<p class=select-line>07:05 sold out</p>"))},
       fetch_error_kind::malformed_page},
      {{.bytes = http_response(200, "", std::string(2'000, ' '))}, fetch_error_kind::body_too_large},
      {{.bytes = http_response(200, "X: " + std::string(2'000, 'x') + "\r\n", "")},
       fetch_error_kind::header_too_large}};
  for (const auto& [response, kind] : failures) {
    flaky_site site{[&](const tagged_request& request) {
      return request.is_search ? response : flaky_site::good_response(request);
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
  EXPECT_TRUE(retries_.empty());
}

TEST_P(retry, expired_session_is_retried_at_once) {
  flaky_site site{[](const tagged_request& request) {
    return request.is_search && request.attempt == 1 ? status(403) : flaky_site::good_response(request);
  }};
  auto work = work_at(site.url(), 6, 2);
  work.policy.backoff_base = 10s;
  work.policy.backoff_cap = 10s;
  run_all(work);
  for (const auto& [index, result] : outcomes_.by_index()) EXPECT_TRUE(result) << describe(result.error());
  EXPECT_EQ(site.attempts(), 12u);
  for (const auto& retry : retries_) EXPECT_EQ(retry.wait, 0ms);
}

TEST_P(retry, only_refused_search_is_retried_and_only_once) {
  for (const bool of_search : {true, false}) {
    flaky_site site{[&](const tagged_request& request) {
      return request.is_search == of_search ? status(403) : flaky_site::good_response(request);
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

TEST_P(retry, retry_after_in_seconds_delays_retry) {
  flaky_site site{[](const tagged_request& request) {
    return request.attempt == 1 ? status(429, "Retry-After: 1\r\n") : flaky_site::good_response(request);
  }};
  run_all(work_at(site.url(), 2, 2));
  for (std::size_t index = 0; index < 2; ++index) {
    EXPECT_TRUE(outcomes_.at(index));
    EXPECT_GE(site.begin_of(iso(index), 2) - site.begin_of(iso(index), 1), 1s);
  }
  for (const auto& retry : retries_) {
    EXPECT_EQ(retry.wait, 1s);
    EXPECT_EQ(retry.error.retry_after, 1s);
  }
}

TEST_P(retry, retry_after_date_delays_retry_up_to_cap) {
  const auto http_date = [](std::time_t when) {
    std::tm utc{};
    gmtime_r(&when, &utc);
    std::array<char, 64> text{};
    std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    return std::string{text.data()};
  };
  const auto now = std::time(nullptr);
  constexpr std::size_t valid_values = 7;
  const std::vector<std::string> values{"3600",
                                        http_date(now + 3600),
                                        "9223372036854775807",
                                        "9223372036854775808",
                                        "99999999999999999999",
                                        "\r\n 3600",
                                        "3600\r\nRetry-After: 0",
                                        http_date(now - 3600),
                                        "-5",
                                        "",
                                        "soon"};
  flaky_site site{[&](const tagged_request& request) {
    return request.attempt == 1 ? status(503, "Retry-After: " + values.at(index_of(request)) + "\r\n")
                                : flaky_site::good_response(request);
  }};
  auto work = work_at(site.url(), values.size(), 2);
  work.policy.retry_after_cap = 70ms;
  run_all(work);
  ASSERT_EQ(retries_.size(), values.size());
  for (const auto& retry : retries_) {
    EXPECT_TRUE(outcomes_.at(retry.index));
    EXPECT_EQ(retry.wait, retry.index < valid_values ? 70ms : 0ms) << values[retry.index];
    if (retry.index == 1) {
      EXPECT_GT(retry.error.retry_after, 3500s);
      EXPECT_LE(retry.error.retry_after, 3600s);
    }
  }
}

TEST_P(retry, backoff_range_doubles_up_to_cap) {
  flaky_site site{[](const tagged_request&) { return status(503); }};
  auto work = work_at(site.url(), 12, 4);
  work.policy.max_attempts = 6;
  work.policy.backoff_base = 8ms;
  work.policy.backoff_cap = 20ms;
  run_all(work);
  std::set<std::chrono::milliseconds> distinct;
  for (const auto& retry : retries_) {
    const auto max = std::min(20ms, 8ms * (1 << (retry.attempt - 1)));
    EXPECT_GE(retry.wait, 0ms);
    EXPECT_LE(retry.wait, max) << retry.attempt;
    distinct.insert(retry.wait);
  }
  EXPECT_GT(distinct.size(), 3u) << "60 waits drawn from up to 21 values";
}

TEST_P(retry, scrape_deadline_ends_retries) {
  // No response, an immediate failure, and a Retry-After beyond the deadline.
  for (const auto& response :
       {stub_response{.bytes = {}, .no_response = true}, status(503), status(503, "Retry-After: 9\r\n")}) {
    flaky_site site{[&](const tagged_request&) { return response; }};
    outcomes_ = {};
    auto work = work_at(site.url(), 2, 2);
    work.policy.scrape_deadline = 250ms;
    work.policy.exchange.exchange_deadline = 100ms;
    work.policy.backoff_base = 20ms;
    work.policy.max_attempts = 100'000;
    const auto begin = std::chrono::steady_clock::now();
    run_all(work);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, hang_deadline) << "all attempts take hours";
    for (const auto& [index, result] : outcomes_.by_index()) EXPECT_FALSE(result);
  }
}

TEST_P(retry, scrape_deadline_ends_exchange) {
  flaky_site site{[](const tagged_request& request) {
    return request.is_search ? stub_response{.bytes = {}, .no_response = true}
                             : flaky_site::good_response(request);
  }};
  auto work = work_at(site.url(), 1, 1);
  work.policy.scrape_deadline = 1s;
  work.policy.exchange.exchange_deadline = 1h;
  const auto begin = std::chrono::steady_clock::now();
  run_all(work);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, hang_deadline) << "the exchange's own deadline is 1 h";
  ASSERT_FALSE(outcomes_.at(0));
  EXPECT_EQ(outcomes_.at(0).error().kind, fetch_error_kind::deadline_exceeded);
}

TEST_P(retry, fresh_queries_run_during_wait) {
  // The only worker scrapes the other days while the first one waits.
  flaky_site site{[](const tagged_request& request) {
    return request.attempt == 1 && request.date == iso(0) ? status(503, "Retry-After: 1\r\n")
                                                          : flaky_site::good_response(request);
  }};
  auto work = work_at(site.url(), 5, 1);
  work.policy.retry_after_cap = 1s;
  std::vector<std::size_t> order;
  run(work, [&](std::size_t index, outcome&& result) {
    EXPECT_TRUE(result) << describe(result.error());
    order.push_back(index);
  });
  ASSERT_EQ(order.size(), 5u);
  EXPECT_EQ(order.front(), 1u) << "the second day does not wait for the first";
  EXPECT_GE(site.begin_of(iso(0), 2) - site.begin_of(iso(0), 1), 1s);
}

TEST_P(retry, retry_is_reported_before_it_begins) {
  std::mutex mutex;
  std::set<std::pair<std::size_t, std::size_t>> reported;
  std::atomic<int> unreported = 0;
  flaky_site site{[&](const tagged_request& request) {
    const std::lock_guard lock{mutex};
    if (request.attempt > 1 && !reported.contains({index_of(request), request.attempt - 1})) ++unreported;
    return request.attempt < 3 ? status(503) : flaky_site::good_response(request);
  }};
  auto work = on_two_loops(work_at(site.url(), 30, 6));
  std::atomic<int> inside = 0;
  work.on_retry = [&](std::size_t index, std::size_t attempt, const fetch_error&, std::chrono::milliseconds) {
    EXPECT_EQ(inside.fetch_add(1), 0) << "calls overlap";
    {
      const std::lock_guard lock{mutex};
      reported.emplace(index, attempt);
    }
    inside.fetch_sub(1);
  };
  run(work, [&](std::size_t, outcome&&) {
    EXPECT_EQ(inside.fetch_add(1), 0) << "calls overlap";
    inside.fetch_sub(1);
  });
  EXPECT_EQ(unreported, 0);
  EXPECT_EQ(reported.size(), 60u);
}

TEST_P(retry, retry_pulls_its_query_again) {
  flaky_site site{[](const tagged_request& request) {
    return request.attempt == 1 ? status(503) : flaky_site::good_response(request);
  }};
  auto work = work_at(site.url(), 8, 2);
  std::atomic<int> pulled = 0;
  work.query_at = [&](std::size_t index) {
    ++pulled;
    return day(index);
  };
  run_all(work);
  EXPECT_EQ(pulled, 16);
}

TEST_P(retry, limit_that_ends_attempts_is_reported) {
  struct report {
    std::size_t index;
    std::size_t attempts;
    retry_limit limit;
    bool operator==(const report&) const = default;
  };
  const auto reports_of = [&](int failing_status, const std::function<void(fetch_policy&)>& change,
                              const std::string& headers = {}) {
    flaky_site site{[&](const tagged_request&) { return status(failing_status, headers); }};
    auto work = work_at(site.url(), 2, 1);
    work.policy.retry_after_cap = 1h;
    change(work.policy);
    std::vector<report> reports;
    std::size_t outcomes = 0;
    work.on_give_up = [&](std::size_t index, std::size_t attempts, retry_limit limit) {
      EXPECT_EQ(reports.size(), outcomes) << "not before the query's outcome";
      reports.push_back({index, attempts, limit});
    };
    run(work, [&](std::size_t, outcome&&) { ++outcomes; });
    std::ranges::sort(reports, {}, &report::index);
    return reports;
  };
  EXPECT_EQ(reports_of(503, [](fetch_policy& policy) { policy.max_attempts = 2; }),
            (std::vector<report>{{0, 2, retry_limit::max_attempts}, {1, 2, retry_limit::max_attempts}}));
  EXPECT_EQ(reports_of(503,
                       [](fetch_policy& policy) {
                         policy.retry_floor = 0;
                         policy.retry_share = 0;
                       }),
            (std::vector<report>{{0, 1, retry_limit::budget}, {1, 1, retry_limit::budget}}));
  // Retry-After is longer than the scrape's deadline.
  EXPECT_EQ(
      reports_of(
          503, [](fetch_policy& policy) { policy.scrape_deadline = hang_deadline; }, "Retry-After: 3600\r\n"),
      (std::vector<report>{{0, 1, retry_limit::scrape_deadline}, {1, 1, retry_limit::scrape_deadline}}));
  EXPECT_EQ(reports_of(404, [](fetch_policy&) {}), std::vector<report>{}) << "the error is not retryable";
}

TEST_P(retry, exception_of_on_retry_leaves_run) {
  flaky_site site{[](const tagged_request&) { return status(503); }};
  auto work = on_two_loops(work_at(site.url(), 20, 4));
  work.on_retry = [](std::size_t, std::size_t, const fetch_error&, std::chrono::milliseconds) {
    throw std::domain_error{"enough"};
  };
  EXPECT_THROW(run(work, [](std::size_t, outcome&&) {}), std::domain_error);
}

TEST_P(retry, failed_run_does_not_wait_for_retries) {
  // Half of the days wait for an hour. Then the others get their responses, and the sink throws.
  event_count retries;
  flaky_site site{[&](const tagged_request& request) {
    if (index_of(request) < 3) return status(503, "Retry-After: 3600\r\n");
    EXPECT_TRUE(retries.wait_for(3));
    return flaky_site::good_response(request);
  }};
  auto work = on_two_loops(work_at(site.url(), 6, 6));
  work.policy.retry_after_cap = 1h;
  work.policy.scrape_deadline = 2h;
  work.policy.exchange.exchange_deadline = 2 * hang_deadline;
  work.on_retry = [&](std::size_t, std::size_t, const fetch_error&, std::chrono::milliseconds wait) {
    EXPECT_GE(wait, 1h);
    retries.add();
  };
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(run(work, [](std::size_t, outcome&&) { throw std::domain_error{"enough"}; }),
               std::domain_error);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, hang_deadline) << "the waits are 1 h";
}

}  // namespace
}  // namespace farebench::test
