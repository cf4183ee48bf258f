// What every strategy promises where threads, descriptors or handles run out: it goes on with fewer workers,
// or a query's outcome says so. Each query has its one outcome all the same, and nothing hangs.

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "mock_server/mock_server_process.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/failing_calls.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t days = 40;
constexpr std::size_t workers = 8;

mock_server_process start_site() {
  return mock_server_process{
      {.latency = 2ms, .page_kb = 3, .executable = std::filesystem::path{FAREBENCH_BIN_DIR} / "mock_server"}};
}

class degradation : public every_strategy {
 protected:
  /// Those that came home, each with the fares of its day; the others with out_of_resources.
  std::size_t count_fares(const collected_outcomes& outcomes) {
    EXPECT_EQ(outcomes.size(), days);
    std::size_t home = 0;
    for (const auto& [index, result] : outcomes.by_index()) {
      if (result) {
        ++home;
        EXPECT_EQ(*result, timetable(day(index), 3));
      } else {
        EXPECT_EQ(result.error().kind, fetch_error_kind::out_of_resources) << describe(result.error());
      }
    }
    return home;
  }

  bool is_of_loops() const { return GetParam() != "sequential" && GetParam() != "thread_pool"; }
};
INSTANTIATE_TEST_SUITE_P(contract, degradation, all_strategies(), name_of);

TEST_P(degradation, without_all_the_threads_goes_on_with_those_it_has) {
  for (const std::size_t first : {1u, 2u, 4u}) {
    const auto site = start_site();
    auto work = days_at(site.url(), days, workers);
    work.loops = 4;
    collected_outcomes outcomes;
    {
      const failing_calls none_from{"pthread_create", first};
      run(work, outcomes.sink());
      EXPECT_EQ(none_from.failed(), GetParam() == "sequential" || (is_of_loops() && first == 4) ? 0u : 1u);
    }
    EXPECT_EQ(count_fares(outcomes), days) << "what an unstarted worker would have done is done by others";
    // thread_pool: the caller's thread instead of those missing; a loop: the caller's, and two workers on
    // each.
    const std::size_t had = GetParam() == "sequential" ? 1
                            : is_of_loops()            ? std::min<std::size_t>(2 * first, 8)
                                                       : first;
    EXPECT_EQ(site.stats().connections_accepted - 1, had);
  }
}

TEST_P(degradation, without_a_handle_for_one_worker_says_so_of_its_query_alone) {
  const auto site = start_site();
  collected_outcomes outcomes;
  std::size_t failed = 0;
  {
    const failing_calls third{"curl_easy_init", 3, 1};
    run(days_at(site.url(), days, workers), outcomes.sink());
    failed = third.failed();
  }
  EXPECT_EQ(count_fares(outcomes), days - failed);
  EXPECT_EQ(failed, GetParam() == "sequential" ? 0u : 1u);
}

TEST_P(degradation, without_any_handle_says_so_of_every_query) {
  const auto site = start_site();
  collected_outcomes outcomes;
  {
    const failing_calls all{"curl_easy_init", is_of_loops() ? 2u : 1u};  // a multi handle has one of its own
    run(days_at(site.url(), days, workers), outcomes.sink());
  }
  EXPECT_EQ(count_fares(outcomes), 0u);
}

TEST_P(degradation, without_all_the_event_loops_goes_on_with_those_it_has) {
  if (!is_of_loops()) GTEST_SKIP() << "has none";
  const auto site = start_site();
  auto work = days_at(site.url(), days, workers);
  work.loops = 4;
  collected_outcomes outcomes;
  {
    const failing_calls from_the_second{"epoll_create1", 2};
    run(work, outcomes.sink());
  }
  EXPECT_EQ(count_fares(outcomes), days);

  const failing_calls from_the_first{"epoll_create1", 1};
  EXPECT_THROW(run(work, [](std::size_t, outcome&&) { ADD_FAILURE() << "an outcome without a loop"; }),
               std::system_error);
}

TEST_P(degradation, where_a_socket_cannot_be_watched_loses_that_exchange_alone) {
  if (!is_of_loops() || GetParam() == "multi_poll") GTEST_SKIP() << "watches none";
  for (const std::size_t first : {2u, 5u, 11u}) {  // the first is the loop's own wakeup
    const auto site = start_site();
    collected_outcomes outcomes;
    std::size_t failed = 0;
    {
      const failing_calls one{"epoll_ctl", first, 1};
      run(days_at(site.url(), days, workers), outcomes.sink());
      failed = one.failed();
    }
    EXPECT_EQ(failed, 1u);
    EXPECT_EQ(count_fares(outcomes), days - 1);
  }
}

}  // namespace
}  // namespace farebench::test
