#include "mock_server/engines/served_site.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

server_stats filled(const response_log& log) {
  server_stats stats;
  log.fill(stats);
  return stats;
}

TEST(response_log, counts_a_request_in_flight_until_its_response_leaves) {
  response_log log;
  log.arrived();
  log.arrived();
  EXPECT_EQ(filled(log).in_flight, 2u);
  EXPECT_EQ(filled(log).requests, 0u);
  log.leaving();
  log.left(3ms);
  const server_stats stats = filled(log);
  EXPECT_EQ(stats.in_flight, 1u);
  EXPECT_EQ(stats.in_flight_peak, 2u);
  EXPECT_EQ(stats.requests, 1u);
  EXPECT_EQ(stats.late_p50_ms, 3.0);
  EXPECT_EQ(stats.late_max_ms, 3.0);
}

TEST(response_log, does_not_count_an_abandoned_request_as_answered) {
  response_log log;
  log.arrived();
  log.abandoned();
  EXPECT_EQ(filled(log).in_flight, 0u);
  EXPECT_EQ(filled(log).in_flight_peak, 1u);
  EXPECT_EQ(filled(log).requests, 0u);
}

TEST(response_log, waits_for_the_lateness_of_what_is_leaving) {
  response_log log;
  log.arrived();
  log.leaving();
  const std::jthread writer{[&log] {
    EXPECT_TRUE(test::wait_until_threads_sleep());
    log.left(2ms);
  }};
  server_stats stats;
  log.fill(stats, test::hang_deadline);
  EXPECT_EQ(stats.late_max_ms, 2.0);
}

TEST(response_log, does_not_wait_for_ever) {
  response_log log;
  log.arrived();
  log.leaving();
  EXPECT_EQ(filled(log).requests, 1u);
}

TEST(response_log, counts_connections) {
  response_log log;
  log.connection_accepted();
  log.connection_accepted();
  EXPECT_EQ(filled(log).connections_accepted, 2u);
}

}  // namespace
}  // namespace farebench
