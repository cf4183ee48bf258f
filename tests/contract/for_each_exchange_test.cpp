// Contract of for_each_exchange for every strategy: kinds of ranges, elements and receivers.

#include "farebench/for_each_exchange.hpp"

#include <gmock/gmock.h>

#include <cstddef>
#include <forward_list>
#include <limits>
#include <ranges>
#include <set>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/contract/every_strategy.hpp"
#include "tests/contract/exchanges.hpp"

namespace farebench::test {
namespace {

class for_each_exchange_of : public every_strategy {
 protected:
  std::vector<std::string> urls(std::size_t count) const {
    std::vector<std::string> list;
    list.reserve(count);
    for (std::size_t index = 0; index < count; ++index) list.push_back(site.page_url(index));
    return list;
  }

  /// Returns the URLs with a response, and expects that none has two.
  template <typename Range>
  std::set<std::string> fetch(Range&& range, const exchange_options& options = {.workers = 4, .loops = 2}) {
    std::set<std::string> fetched;
    for_each_exchange(*GetParam().create(), range, options,
                      [&](const std::string& url, exchange_result&& result) {
                        ASSERT_TRUE(result) << describe(result.error());
                        EXPECT_EQ(result->url(), url);
                        EXPECT_FALSE(result->body().empty());
                        EXPECT_TRUE(result->find("content-length"));
                        EXPECT_TRUE(fetched.insert(url).second) << url;
                      });
    return fetched;
  }

  numbered_site site;
};
INSTANTIATE_TEST_SUITE_P(contract, for_each_exchange_of, all_strategies(), name_of);

TEST_P(for_each_exchange_of, url_range_gives_response_per_url) {
  for (const std::size_t size : {0u, 1u, 3u, 30u}) {
    const auto list = urls(size);
    const std::set<std::string> expected{list.begin(), list.end()};
    EXPECT_EQ(fetch(list), expected);
    EXPECT_EQ(fetch(std::forward_list<std::string>{list.begin(), list.end()}), expected);
    std::stringstream lines;
    for (const auto& url : list) lines << url << '\n';
    EXPECT_EQ(fetch(std::views::istream<std::string>(lines)), expected);
  }
  EXPECT_EQ(site.requests(), 3 * (1u + 3u + 30u));
}

TEST_P(for_each_exchange_of, sink_may_take_the_index) {
  const auto list = urls(20);
  collected_exchanges results;
  const auto sink = results.sink();
  for_each_exchange(info().name, http(), list, {.workers = 3}, sink);
  EXPECT_EQ(results.size(), 20u);
  collected_exchanges of_unsized;
  for_each_exchange(info().name, http(), std::forward_list<std::string>{list.begin(), list.end()},
                    {.workers = 3}, of_unsized.sink());
  EXPECT_EQ(of_unsized.size(), 20u);
}

TEST_P(for_each_exchange_of, text_of_any_type_is_a_url) {
  const auto list = urls(2);
  const std::vector<const char*> pointers{list[0].c_str(), list[1].c_str()};
  const std::vector<std::string_view> views{list.begin(), list.end()};
  std::size_t responses = 0;
  const auto count = [&](std::size_t, exchange_result&& result) { responses += result.has_value(); };
  for_each_exchange(*GetParam().create(), pointers, {}, count);
  for_each_exchange(*GetParam().create(), views, {}, count);
  EXPECT_EQ(responses, 4u);
}

TEST_P(for_each_exchange_of, requests_may_be_made_on_demand) {
  std::size_t responses = 0;
  const auto numbers = std::views::iota(std::size_t{0}, std::size_t{10});
  for_each_exchange(*GetParam().create(),
                    numbers | std::views::transform([&](std::size_t index) { return site.request(index); }),
                    {.workers = 3},
                    [&](std::size_t, exchange_result&& result) { responses += result.has_value(); });
  EXPECT_EQ(responses, 10u);
  // Requests of a range that is neither sized nor indexed.
  auto even = numbers | std::views::filter([](std::size_t index) { return index % 2 == 0; });
  for_each_exchange(*GetParam().create(),
                    even | std::views::transform([&](std::size_t index) { return site.request(index); }),
                    {.workers = 3}, [&](const exchange_request& request, exchange_result&& result) {
                      EXPECT_TRUE(result) << request.url;
                      ++responses;
                    });
  EXPECT_EQ(responses, 15u);
}

TEST_P(for_each_exchange_of, retry_repeats_element_of_input_range) {
  numbered_site flaky{[](const numbered_request& request) {
    return request.attempt < 3 ? stub_response{.bytes = http_response(503, "", "")}
                               : numbered_site::page(request.index);
  }};
  std::stringstream lines;
  for (std::size_t index = 0; index < 12; ++index) lines << flaky.page_url(index) << '\n';
  std::set<std::string> succeeded;
  for_each_exchange(*GetParam().create(), std::views::istream<std::string>(lines), retrying_options(3),
                    [&](const std::string& url, exchange_result&& result) {
                      ASSERT_TRUE(result);
                      EXPECT_EQ(result->status, 200);
                      succeeded.insert(url);
                    });
  EXPECT_EQ(succeeded.size(), 12u);
  EXPECT_EQ(flaky.requests(), 36u);
}

TEST_P(for_each_exchange_of, input_range_is_read_as_workers_become_free) {
  std::size_t read = 0;
  std::size_t done = 0;
  const auto list = urls(40);
  auto range = list | std::views::filter([&](const std::string&) {
                 // Read under the reader's lock; `done` changes under that of the sink.
                 ++read;
                 return true;
               });
  for_each_exchange(*GetParam().create(), range, {.workers = 3}, [&](std::size_t, exchange_result&&) {
    ++done;
    if (info().uses_loops) {
      EXPECT_LE(read, done + 4) << "elements read ahead";
    }
  });
  EXPECT_EQ(done, 40u);
  EXPECT_EQ(read, 40u);
}

TEST_P(for_each_exchange_of, stop_ends_reading_of_endless_range) {
  std::stop_source stop;
  exchange_options options{.workers = 3, .loops = 2, .stop = stop.get_token()};
  std::set<std::size_t> with_result;
  for_each_exchange(
      *GetParam().create(),
      std::views::iota(std::size_t{0}) | std::views::transform([&](std::size_t) { return site.request(0); }),
      options, [&](std::size_t index, exchange_result&&) {
        EXPECT_TRUE(with_result.insert(index).second);
        if (with_result.size() == 20) stop.request_stop();
      });
  EXPECT_GE(with_result.size(), 20u);
  EXPECT_LE(with_result.size(), 20u + 6u);
  EXPECT_EQ(*with_result.rbegin() + 1, with_result.size()) << "none of those read is without a result";
}

TEST_P(for_each_exchange_of, exception_of_range_or_sink_leaves_run) {
  const auto list = urls(40);
  const auto failing = [](const std::string& url) {
    return url.ends_with("/20") ? throw std::domain_error{"cannot be read"} : url;
  };
  const auto ignore = [](std::size_t, exchange_result&&) {};
  EXPECT_THROW(for_each_exchange(*GetParam().create(), list | std::views::transform(failing), {}, ignore),
               std::domain_error);
  const std::forward_list<std::string> unsized{list.begin(), list.end()};
  EXPECT_THROW(for_each_exchange(*GetParam().create(), unsized | std::views::transform(failing), {}, ignore),
               std::domain_error);
  EXPECT_THROW(
      for_each_exchange(*GetParam().create(), list, {},
                        [](std::size_t, exchange_result&&) { throw std::domain_error{"no disk space"}; }),
      std::domain_error);
}

TEST(for_each_exchange, unknown_strategy_is_refused) {
  const std::vector<std::string> none;
  EXPECT_THROW(for_each_exchange("carrier_pigeon", libcurl_transport(), none, {},
                                 [](std::size_t, exchange_result&&) {}),
               std::invalid_argument);
}

}  // namespace
}  // namespace farebench::test
