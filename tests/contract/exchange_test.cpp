// Contract of every strategy for plain exchanges: one result per index, what is retried, cancellation and
// exceptions.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "farebench/strategy.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/exchanges.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

class exchanges : public every_strategy {
 protected:
  /// Runs the exchanges and expects a result for each.
  void run_exchanges(const exchange_source& source, const exchange_options& options) {
    results = {};
    run_exchanges(source, options, results.sink());
    ASSERT_EQ(results.size(), source.size);
  }
  void run_exchanges(const exchange_source& source, const exchange_options& options,
                     const exchange_sink& sink) {
    GetParam().create()->run_exchanges(source, options, sink);
  }

  void expect_status(std::size_t index, int status) {
    ASSERT_TRUE(results.at(index)) << index << ": " << describe(results.at(index).error());
    EXPECT_EQ(results.at(index)->status, status) << index;
  }

  collected_exchanges results;
};
INSTANTIATE_TEST_SUITE_P(contract, exchanges, all_strategies(), name_of);

TEST_P(exchanges, each_index_has_its_response_once) {
  numbered_site site;
  for (const std::size_t size : {0u, 1u, 40u}) {
    for (const auto& [workers, loops] : {std::pair{1u, 1u}, {7u, 3u}, {100u, 1u}}) {
      std::vector<std::string> bodies(size);
      auto source = site.source(size);
      source.request_at = [&](std::size_t index) {
        bodies[index].clear();
        auto request = site.request(index);
        request.on_body = [&, index](std::string_view chunk) { bodies[index] += chunk; };
        return request;
      };
      const std::size_t requests = site.requests();
      run_exchanges(source, {.workers = workers, .loops = loops});
      EXPECT_EQ(site.requests() - requests, size);
      for (std::size_t index = 0; index < size; ++index) {
        expect_status(index, 200);
        EXPECT_EQ(bodies[index], numbered_site::body(index));
      }
    }
  }
}

TEST_P(exchanges, workers_keep_their_connections) {
  numbered_site site;
  run_exchanges(site.source(40), {.workers = 4});
  EXPECT_EQ(site.accepted_connections(), concurrency(4));
  run_exchanges(site.source(40), {.workers = 4, .connections = connection_mode::fresh});
  EXPECT_EQ(site.accepted_connections(), concurrency(4) + 40);
}

TEST_P(exchanges, one_run_may_request_several_sites) {
  numbered_site first;
  numbered_site second;
  run_exchanges(
      {.size = 20,
       .request_at = [&](std::size_t index) { return (index % 2 ? second : first).request(index); }},
      {.workers = 3});
  for (std::size_t index = 0; index < 20; ++index) expect_status(index, 200);
  EXPECT_EQ(first.requests(), 10u);
  EXPECT_EQ(second.requests(), 10u);
}

TEST_P(exchanges, any_final_status_is_a_response) {
  const std::vector<int> statuses{200, 204, 304, 400, 403, 404, 418};
  numbered_site site{[&](const numbered_request& request) {
    return stub_response{.bytes = http_response(statuses.at(request.index), "", "")};
  }};
  run_exchanges(site.source(statuses.size()), {.workers = 2});
  for (std::size_t index = 0; index < statuses.size(); ++index) expect_status(index, statuses[index]);
  EXPECT_EQ(site.requests(), statuses.size()) << "none is retried";
}

TEST_P(exchanges, invalid_request_gives_its_error) {
  numbered_site site;
  run_exchanges({.size = 3,
                 .request_at =
                     [&](std::size_t index) {
                       auto request = site.request(index);
                       if (index == 0) request.url = "not a URL";
                       if (index == 1) request.headers = {"no colon"};
                       return request;
                     }},
                {.workers = 2});
  ASSERT_FALSE(results.at(0));
  EXPECT_EQ(results.at(0).error().kind, fetch_error_kind::invalid_url);
  ASSERT_FALSE(results.at(1));
  EXPECT_EQ(results.at(1).error().kind, fetch_error_kind::invalid_header);
  expect_status(2, 200);
  EXPECT_EQ(site.requests(), 1u);
}

TEST_P(exchanges, temporary_failures_are_retried_until_success) {
  const std::vector<stub_response> failures{
      {.bytes = http_response(408, "", "")},
      {.bytes = http_response(425, "", "")},
      {.bytes = http_response(429, "", "")},
      {.bytes = http_response(500, "", "")},
      {.bytes = http_response(503, "", "")},
      {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", .close_after = true},
      {.bytes = "220 mail ready\r\n", .close_after = true}};
  numbered_site site{[&](const numbered_request& request) {
    return request.attempt < 3 ? failures.at(request.index) : numbered_site::page(request.index);
  }};
  auto options = retrying_options(2);
  std::map<std::size_t, std::vector<std::size_t>> retries;
  options.on_retry = [&](std::size_t index, std::size_t attempt, const fetch_error& error,
                         std::chrono::milliseconds delay) {
    retries[index].push_back(attempt);
    EXPECT_EQ(error.kind == fetch_error_kind::unexpected_status, index < 5) << describe(error);
    EXPECT_EQ(delay, 0ms);
  };
  std::vector<std::string> bodies(failures.size());
  auto source = site.source(failures.size());
  source.request_at = [&](std::size_t index) {
    bodies[index].clear();
    auto request = site.request(index);
    request.on_body = [&, index](std::string_view chunk) { bodies[index] += chunk; };
    return request;
  };
  run_exchanges(source, options);
  for (std::size_t index = 0; index < failures.size(); ++index) {
    expect_status(index, 200);
    EXPECT_EQ(bodies[index], numbered_site::body(index)) << "the body of the last attempt alone";
    EXPECT_EQ(retries[index], (std::vector<std::size_t>{1, 2}));
    EXPECT_EQ(site.attempts(index), 3u);
  }
}

TEST_P(exchanges, last_response_is_result_after_max_attempts) {
  numbered_site site{[](const numbered_request& request) {
    return request.index == 0
               ? stub_response{.bytes = http_response(500 + static_cast<int>(request.attempt), "", "")}
               : stub_response{.bytes = "220 mail ready\r\n", .close_after = true};
  }};
  auto options = retrying_options(2);
  options.policy.max_attempts = 4;
  std::vector<std::pair<std::size_t, retry_limit>> given_up;
  options.on_give_up = [&](std::size_t, std::size_t attempts, retry_limit limit) {
    given_up.emplace_back(attempts, limit);
  };
  run_exchanges(site.source(2), options);
  expect_status(0, 504);
  ASSERT_FALSE(results.at(1));
  EXPECT_EQ(results.at(1).error().kind, fetch_error_kind::bad_response);
  EXPECT_EQ(site.attempts(0), 4u);
  EXPECT_EQ(site.attempts(1), 4u);
  EXPECT_THAT(given_up, testing::ElementsAre(std::pair{4, retry_limit::max_attempts},
                                             std::pair{4, retry_limit::max_attempts}));
}

TEST_P(exchanges, refused_connection_is_retried) {
  const auto url = url_of_closed_port();
  auto options = retrying_options(1);
  std::size_t retries = 0;
  options.on_retry = [&](std::size_t, std::size_t, const fetch_error&, std::chrono::milliseconds) {
    ++retries;
  };
  run_exchanges({.size = 1, .request_at = [&](std::size_t) { return exchange_request{url + "/"}; }}, options);
  ASSERT_FALSE(results.at(0));
  EXPECT_EQ(results.at(0).error().kind, fetch_error_kind::connect_failed);
  EXPECT_EQ(retries, 2u);
}

TEST_P(exchanges, post_is_retried_only_if_policy_allows) {
  const std::vector<stub_response> failures{{.bytes = http_response(503, "", "")},
                                            {.bytes = "220 mail ready\r\n", .close_after = true}};
  for (const bool retries_any_method : {false, true}) {
    numbered_site site{[&](const numbered_request& request) {
      return request.attempt < 3 ? failures.at(request.index) : numbered_site::page(request.index);
    }};
    auto options = retrying_options(2);
    options.policy.retries_any_method = retries_any_method;
    auto source = site.source(failures.size());
    source.request_at = [&](std::size_t index) {
      auto request = site.request(index);
      request.form = "a=b";
      return request;
    };
    run_exchanges(source, options);
    EXPECT_EQ(site.requests(), (retries_any_method ? 3u : 1u) * failures.size());
    if (retries_any_method) {
      for (std::size_t index = 0; index < failures.size(); ++index) expect_status(index, 200);
    } else {
      expect_status(0, 503);
      EXPECT_FALSE(results.at(1));
    }
  }
}

TEST_P(exchanges, idempotent_methods_alone_are_retried) {
  const std::vector<std::pair<std::string, bool>> methods{
      {"GET", true},   {"HEAD", true},   {"OPTIONS", true}, {"PUT", true},   {"DELETE", true},
      {"POST", false}, {"PATCH", false}, {"get", false},    {"PURGE", false}};
  numbered_site site{[&](const numbered_request& request) {
    EXPECT_TRUE(request.text.starts_with(methods.at(request.index).first + " ")) << request.text;
    return stub_response{.bytes = http_response(request.attempt == 1 ? 503 : 204, "", "")};
  }};
  auto source = site.source(methods.size());
  source.request_at = [&](std::size_t index) {
    auto request = site.request(index);
    request.set_method(methods[index].first);
    return request;
  };
  run_exchanges(source, retrying_options(3));
  for (std::size_t index = 0; index < methods.size(); ++index) {
    expect_status(index, methods[index].second ? 204 : 503);
    EXPECT_EQ(site.attempts(index), methods[index].second ? 2u : 1u) << methods[index].first;
  }
}

TEST_P(exchanges, collected_body_is_that_of_last_attempt) {
  numbered_site site{[](const numbered_request& request) {
    return request.attempt == 1 ? stub_response{.bytes = http_response(503, "", "try again")}
                                : numbered_site::page(request.index);
  }};
  auto source = site.source(2);
  source.request_at = [&](std::size_t index) { return collecting_request(site.page_url(index)); };
  auto options = retrying_options(2);
  options.policy.exchange.max_body_bytes = numbered_site::body(0).size();
  run_exchanges(source, options);
  expect_status(0, 200);
  EXPECT_EQ(results.at(0)->body(), numbered_site::body(0));
  EXPECT_EQ(results.at(0)->url(), site.page_url(0));
  ASSERT_FALSE(results.at(1)) << "its body is one byte longer";
  EXPECT_EQ(results.at(1).error().kind, fetch_error_kind::body_too_large);
}

TEST_P(exchanges, retry_after_delays_retry_up_to_cap) {
  numbered_site site{[](const numbered_request& request) {
    return request.attempt == 1 ? stub_response{.bytes = http_response(429, "Retry-After: 3600\r\n", "")}
                                : numbered_site::page(request.index);
  }};
  auto options = retrying_options(2);
  options.policy.retry_after_cap = 70ms;
  std::size_t retries = 0;
  options.on_retry = [&](std::size_t, std::size_t, const fetch_error& error,
                         std::chrono::milliseconds delay) {
    ++retries;
    EXPECT_EQ(error.status, 429);
    EXPECT_EQ(error.retry_after, 3600s);
    EXPECT_EQ(delay, 70ms);
  };
  run_exchanges(site.source(5), options);
  EXPECT_EQ(retries, 5u);
  for (std::size_t index = 0; index < 5; ++index) expect_status(index, 200);
}

TEST_P(exchanges, retry_budget_limits_attempts) {
  constexpr std::size_t size = 20;
  numbered_site site{
      [](const numbered_request&) { return stub_response{.bytes = http_response(503, "", "")}; }};
  auto options = retrying_options(4);
  options.policy.max_attempts = 10;
  options.policy.retry_floor = 3;
  options.policy.retry_share = 0;
  run_exchanges(site.source(size), options);
  EXPECT_EQ(site.requests(), size + 3);
  for (std::size_t index = 0; index < size; ++index) expect_status(index, 503);
}

TEST_P(exchanges, deadline_and_timeout_end_exchange) {
  numbered_site site{[](const numbered_request&) { return stub_response{.bytes = {}, .no_response = true}; }};
  for (const bool by_request : {true, false}) {
    auto options = retrying_options(2);
    options.policy.max_attempts = 1;
    options.policy.exchange.exchange_deadline = 1h;
    options.policy.scrape_deadline = by_request ? 1h : std::chrono::milliseconds{300};
    run_exchanges({.size = 2,
                   .request_at =
                       [&](std::size_t index) {
                         auto request = site.request(index);
                         request.timeout = by_request ? std::chrono::milliseconds{300} : 1h;
                         return request;
                       }},
                  options);
    for (std::size_t index = 0; index < 2; ++index) {
      ASSERT_FALSE(results.at(index));
      EXPECT_EQ(results.at(index).error().kind, fetch_error_kind::deadline_exceeded);
    }
  }
}

TEST_P(exchanges, stop_or_drain_gives_cancelled_to_the_rest) {
  constexpr std::size_t size = 60;
  constexpr std::size_t workers = 5;
  for (const bool drains : {false, true}) {
    numbered_site site;
    std::stop_source stop;
    exchange_options options{.workers = workers, .loops = 2};
    (drains ? options.drain : options.stop) = stop.get_token();
    collected_exchanges collected;
    const auto collect = collected.sink();
    run_exchanges(site.source(size), options, [&](std::size_t index, exchange_result&& result) {
      collect(index, std::move(result));
      if (collected.size() == 10) stop.request_stop();
    });
    ASSERT_EQ(collected.size(), size);
    std::size_t succeeded = 0;
    for (std::size_t index = 0; index < size; ++index) {
      if (const auto& result = collected.at(index)) {
        ++succeeded;
      } else {
        EXPECT_EQ(result.error().kind, fetch_error_kind::cancelled) << describe(result.error());
      }
    }
    EXPECT_GE(succeeded, 10u);
    EXPECT_LE(succeeded, 10u + workers);
  }
}

TEST_P(exchanges, stop_ends_exchanges_in_flight) {
  event_count requests;
  numbered_site site{[&](const numbered_request&) {
    requests.add();
    return stub_response{.bytes = {}, .no_response = true};
  }};
  std::stop_source stop;
  const std::jthread stopper{[&] {
    EXPECT_TRUE(requests.wait_for(concurrency(4)));
    stop.request_stop();
  }};
  exchange_options options{.workers = 4, .stop = stop.get_token()};
  options.policy.exchange.exchange_deadline = options.policy.scrape_deadline = 1h;
  run_exchanges(site.source(20), options);
  for (std::size_t index = 0; index < 20; ++index) {
    ASSERT_FALSE(results.at(index));
    EXPECT_EQ(results.at(index).error().kind, fetch_error_kind::cancelled);
  }
}

TEST_P(exchanges, exception_of_users_function_leaves_run) {
  numbered_site site;
  // Exceptions of the library's own that would be one exchange's error end the run too.
  const std::vector<std::function<void()>> throws{
      [] { throw std::domain_error{"enough"}; }, [] { throw std::bad_alloc{}; },
      [] { throw std::system_error{std::make_error_code(std::errc::io_error)}; }};
  for (const auto& throw_exception : throws) {
    for (const bool in_sink : {true, false}) {
      for (const bool in_body : {true, false}) {
        auto source = site.source(50);
        source.request_at = [&](std::size_t index) {
          if (index == 3 && !in_sink && !in_body) throw_exception();
          auto request = site.request(index);
          request.on_body = [&, index](std::string_view) {
            if (index == 3 && in_body) throw_exception();
          };
          return request;
        };
        std::size_t delivered = 0;
        EXPECT_ANY_THROW(
            run_exchanges(source, {.workers = 4, .loops = 2}, [&](std::size_t, exchange_result&&) {
              if (++delivered == 3 && in_sink) throw_exception();
            }));
        EXPECT_LT(delivered, 50u) << "the other workers stopped";
      }
    }
  }
}

TEST_P(exchanges, number_may_be_unknown_at_the_start) {
  numbered_site site;
  for (const std::size_t size : {3u, 30u}) {
    std::atomic<std::size_t> asked = 0;
    auto source = site.source(2);
    source.has_more = [&](std::size_t index) {
      ++asked;
      return index < size;
    };
    collected_exchanges collected;
    run_exchanges(source, {.workers = 4, .loops = 2}, collected.sink());
    ASSERT_EQ(collected.size(), size);
    for (std::size_t index = 0; index < size; ++index) EXPECT_TRUE(collected.at(index));
    EXPECT_LE(asked, size - 2 + 4) << "no worker reads ahead";
  }
  auto source = site.source(2);
  source.has_more = [](std::size_t index) -> bool {
    return index < 5 ? true : throw std::domain_error{"cannot be read"};
  };
  EXPECT_THROW(run_exchanges(source, {.workers = 2}, [](std::size_t, exchange_result&&) {}),
               std::domain_error);
}

TEST_P(exchanges, retries_of_unknown_number_are_budgeted) {
  numbered_site site{
      [](const numbered_request&) { return stub_response{.bytes = http_response(503, "", "")}; }};
  auto options = retrying_options(2);
  options.policy.retry_floor = 0;
  options.policy.retry_share = 0.5;
  auto source = site.source(2);
  source.has_more = [](std::size_t index) { return index < 40; };
  collected_exchanges collected;
  run_exchanges(source, options, collected.sink());
  EXPECT_EQ(collected.size(), 40u);
  EXPECT_GT(site.requests(), 50u);
  EXPECT_LE(site.requests(), 60u);
}

TEST_P(exchanges, invalid_options_are_refused) {
  numbered_site site;
  const auto expect_refused = [&](const exchange_source& source, const exchange_options& options) {
    EXPECT_THROW(
        run_exchanges(source, options, [](std::size_t, exchange_result&&) { ADD_FAILURE() << "a result"; }),
        std::invalid_argument);
  };
  expect_refused(site.source(1), {.workers = 0});
  expect_refused(site.source(1), {.loops = 0});
  expect_refused(site.source(1), {.policy = {.max_attempts = 0}});
  expect_refused({.size = 1}, {});
  EXPECT_EQ(site.requests(), 0u);
}

TEST(strategy_of_a_program, run_exchanges_is_not_supported) {
  class own_strategy final : public strategy {
    void run(const batch&, const outcome_sink&) override {}
  } runner;
  EXPECT_THROW(runner.run_exchanges({}, {}, [](std::size_t, exchange_result&&) {}), std::logic_error);
}

}  // namespace
}  // namespace farebench::test
