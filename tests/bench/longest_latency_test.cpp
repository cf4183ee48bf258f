#include "bench/cases.hpp"

#include <gmock/gmock.h>

#include "bench/probe/scrape_task.hpp"
#include "mock_server/latency/latency_model.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(longest_latency, bounds_what_is_asked_for) {
  for (const latency_model& allowed :
       {latency_model{10s}, latency_model::uniform(0s, 10s), latency_model::lognormal(20ms, 80ms)})
    EXPECT_THAT(latency_error(allowed, 0, max_days), IsEmpty());
  for (const latency_model& refused : {latency_model{10'001ms}, latency_model::uniform(0s, 10'001ms),
                                       latency_model::lognormal(20ms, 10'001ms)})
    EXPECT_THAT(latency_error(refused, 0, 1), HasSubstr("at most 10s"));
}

TEST(longest_latency, bounds_what_a_lognormal_tail_draws_for_the_days_and_the_seed) {
  const auto model = latency_model::lognormal(20ms, 10s);
  std::size_t day = 0;
  while (start_latency(model, 7, day) <= max_latency &&
         search_latency(model, 7, query_of_day(day)) <= max_latency)
    ++day;
  EXPECT_THAT(latency_error(model, 7, day), IsEmpty()) << "the days before it";
  EXPECT_THAT(latency_error(model, 7, day + 1), HasSubstr("with --seed 7 draws"));
}

}  // namespace
}  // namespace farebench
