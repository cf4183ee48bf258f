// Invalid batches, which every strategy refuses, and the names of strategies.

#include <gmock/gmock.h>

#include <limits>
#include <stdexcept>
#include <vector>

#include "tests/contract/every_strategy.hpp"

namespace farebench::test {
namespace {

class bad_batch : public every_strategy {
 protected:
  void expect_refused(const batch& work) {
    EXPECT_THROW(run(work, [](std::size_t, outcome&&) { ADD_FAILURE() << "an outcome of a refused batch"; }),
                 std::invalid_argument);
  }
};
INSTANTIATE_TEST_SUITE_P(contract, bad_batch, all_strategies(), name_of);

TEST_P(bad_batch, zero_workers_are_refused) { expect_refused(days_at("http://127.0.0.1:1", 3, 0)); }

TEST_P(bad_batch, zero_loops_are_refused) {
  auto work = days_at("http://127.0.0.1:1", 3, 1);
  work.loops = 0;
  expect_refused(work);
}

TEST_P(bad_batch, missing_query_source_is_refused) {
  auto work = days_at("http://127.0.0.1:1", 3, 1);
  work.query_at = nullptr;
  expect_refused(work);
}

TEST_P(bad_batch, invalid_base_url_is_refused) {
  for (const char* url :
       {"", "127.0.0.1:80", "ftp://127.0.0.1", "file:///etc/passwd", "http://", "http://127.0.0.1/",
        "http://127.0.0.1/app", "http://127.0.0.1?q", "http://me@127.0.0.1", "http://127.0.0.1:1?",
        "http://127.0.0.1:1#", "http://:secret@127.0.0.1:1", "http://127.0.0.1:99999"}) {
    SCOPED_TRACE(url);
    expect_refused(days_at(url, 3, 1));
  }
}

TEST_P(bad_batch, invalid_policy_is_refused) {
  using namespace std::chrono_literals;
  std::vector<fetch_policy> bad(10);
  bad[0].scrape_deadline = 0ms;
  bad[1].max_attempts = 0;
  bad[2].backoff_base = -1ms;
  bad[3].backoff_cap = -1ms;
  bad[4].retry_share = -0.1;
  bad[5].retry_share = std::numeric_limits<double>::quiet_NaN();
  bad[6].retry_after_cap = -1ms;
  bad[7].scrape_deadline = std::chrono::milliseconds::max();
  bad[8].exchange.max_redirects = 1'000'000;
  bad[9].exchange.min_rate_grace = -1ms;
  for (const auto& policy : bad) {
    auto work = days_at("http://127.0.0.1:1", 3, 1);
    work.policy = policy;
    expect_refused(work);
  }
}

TEST_P(bad_batch, zero_limit_is_refused) {
  using namespace std::chrono_literals;
  for (const fetch_limits& limits :
       {fetch_limits{.connect_timeout = 0ms}, fetch_limits{.exchange_deadline = 0ms},
        fetch_limits{.exchange_deadline = -1ms}, fetch_limits{.max_header_bytes = 0},
        fetch_limits{.max_body_bytes = 0}}) {
    auto work = days_at("http://127.0.0.1:1", 3, 1);
    work.policy.exchange = limits;
    expect_refused(work);
  }
}

TEST(make_strategy, listed_name_creates_a_strategy) {
  for (const auto& info : strategies()) {
    EXPECT_NE(make_strategy(info.name), nullptr);
    EXPECT_EQ(find_strategy(info.name), &info);
  }
}

TEST(make_strategy, unknown_name_gives_list_of_names) {
  EXPECT_EQ(find_strategy("carrier_pigeon"), nullptr);
  try {
    make_strategy("carrier_pigeon");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("carrier_pigeon"));
    for (const auto& info : strategies())
      EXPECT_THAT(error.what(), testing::HasSubstr(std::string{info.name}));
  }
}

}  // namespace
}  // namespace farebench::test
