#include "mock_server/engines/server_engine.hpp"

#include <gtest/gtest.h>

#include "mock_server/latency/latency_model.hpp"
#include "tests/mock_server/site/queries.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

const response_latency drawn{.model = latency_model::lognormal(20ms, 80ms), .seed = 5};

site_response post_search(site& tickets, const site_response& start, std::string_view form) {
  return tickets.respond({.method = "POST",
                          .target = "/m/?0-1.IFormSubmitListener-searchForm-form",
                          .cookie = std::string_view{start.set_cookie}.substr(0, start.set_cookie.find(';')),
                          .content_type = "application/x-www-form-urlencoded",
                          .body = form});
}

TEST(response_latency, goes_by_the_session_started_and_by_the_search_answered) {
  site tickets{3};
  const auto first = tickets.respond({.method = "GET", .target = "/m/"});
  const auto second = tickets.respond({.method = "GET", .target = "/m/"});
  EXPECT_EQ(drawn.of(first), start_latency(drawn.model, 5, 0));
  EXPECT_EQ(drawn.of(second), start_latency(drawn.model, 5, 1));
  const auto found =
      post_search(tickets, second, "fromStation=ID10202003&toStation=ID10202002&departure=04.01.26");
  EXPECT_EQ(drawn.of(found), search_latency(drawn.model, 5, query_on_day(3)));
}

TEST(response_latency, is_the_mean_for_what_is_no_step_of_a_scrape) {
  site tickets{3};
  const auto start = tickets.respond({.method = "GET", .target = "/m/"});
  EXPECT_EQ(drawn.of(post_search(tickets, start, "departure=x")), drawn.model.mean());
  EXPECT_EQ(drawn.of(tickets.respond({.method = "GET", .target = "/"})), drawn.model.mean());
}

TEST(response_latency, is_the_same_for_all_when_it_is_fixed) {
  site tickets{3};
  const response_latency fixed{.model = 20ms, .seed = 5};
  EXPECT_EQ(fixed.of(tickets.respond({.method = "GET", .target = "/m/"})), 20ms);
  EXPECT_EQ(fixed.of({}), 20ms);
}

}  // namespace
}  // namespace farebench
