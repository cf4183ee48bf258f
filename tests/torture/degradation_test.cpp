// Contract of every strategy without enough threads, descriptors or handles. It continues with fewer workers,
// or a query's outcome is out_of_resources. Each query has one outcome, and nothing hangs.

#include <algorithm>
#include <functional>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "mock_server/site/timetable.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/sites.hpp"
#include "tests/torture/failing_calls.hpp"

namespace farebench::test {
namespace {

/// Query source that lets scrapes begin once `threads` threads have a query. So each thread scrapes, however
/// late it starts.
class query_rendezvous {
 public:
  explicit query_rendezvous(std::size_t threads) : threads_{threads} {}

  query operator()(std::size_t index) {
    bool is_new = false;
    {
      const std::lock_guard lock{mutex_};
      is_new = arrived_threads_.insert(std::this_thread::get_id()).second;
    }
    if (is_new) arrivals_.add();
    EXPECT_TRUE(arrivals_.wait_for(threads_));
    return day(index);
  }

 private:
  std::size_t threads_;
  std::mutex mutex_;
  std::set<std::thread::id> arrived_threads_;
  event_count arrivals_;
};

class degradation : public every_strategy {
 protected:
  static constexpr std::size_t days = 40;
  static constexpr std::size_t workers = 8;

  bool is_libcurl() const { return &http() == &libcurl_transport(); }
  /// Function that each worker needs once.
  std::string_view handle_function() const { return is_libcurl() ? "curl_easy_init" : "socket"; }

  /// Returns the number of days with fares. The others must have failed with out_of_resources.
  std::size_t count_fares(const collected_outcomes& outcomes) {
    EXPECT_EQ(outcomes.size(), days);
    std::size_t succeeded = 0;
    for (const auto& [index, result] : outcomes.by_index()) {
      if (result) {
        ++succeeded;
        EXPECT_EQ(*result, timetable(day(index), page_kb));
      } else {
        EXPECT_EQ(result.error().kind, fetch_error_kind::out_of_resources) << describe(result.error());
      }
    }
    return succeeded;
  }
};
INSTANTIATE_TEST_SUITE_P(contract, degradation, all_strategies(), name_of);

TEST_P(degradation, failed_thread_start_reduces_workers) {
  for (const std::size_t first : {1u, 2u, 4u}) {
    const auto site = start_site();
    auto work = days_at(site.url(), days, workers);
    work.loops = 4;
    query_rendezvous rendezvous{first};
    if (info().name == "thread_pool") work.query_at = std::ref(rendezvous);
    collected_outcomes outcomes;
    {
      const failing_calls thread_starts{"pthread_create", first};
      run(work, outcomes.sink());
      EXPECT_EQ(thread_starts.failed(), !info().uses_workers || (info().uses_loops && first == 4) ? 0u : 1u);
    }
    EXPECT_EQ(count_fares(outcomes), days) << "other workers take the queries of missing ones";
    // The calling thread is a worker of thread_pool too, and runs one of the loops. A loop has two workers.
    const std::size_t connections = !info().uses_workers ? 1
                                    : info().uses_loops  ? std::min<std::size_t>(2 * first, 8)
                                                         : first;
    EXPECT_EQ(site.stats().connections_accepted - 1, connections);
  }
}

TEST_P(degradation, missing_handle_fails_one_query) {
  const auto site = start_site();
  collected_outcomes outcomes;
  std::size_t failed = 0;
  {
    const failing_calls third{handle_function(), 3, 1};
    run(days_at(site.url(), days, workers), outcomes.sink());
    failed = third.failed();
  }
  EXPECT_EQ(count_fares(outcomes), days - failed);
  EXPECT_EQ(failed, info().uses_workers ? 1u : 0u);
}

TEST_P(degradation, missing_handles_fail_every_query) {
  const auto site = start_site();
  // A loop's multi handle creates one for itself, and so does its share handle since libcurl 8.13. Both exist
  // before the loop's first client.
  std::size_t internal_handles = 0;
  if (info().uses_loops) {
    const failing_calls none{handle_function(), failing_calls::never};
    run(days_at(site.url(), days, workers), [](std::size_t, outcome&&) {});
    internal_handles = none.calls() - workers;
  }
  collected_outcomes outcomes;
  {
    const failing_calls all{handle_function(), internal_handles + 1};
    run(days_at(site.url(), days, workers), outcomes.sink());
  }
  EXPECT_EQ(count_fares(outcomes), 0u);
}

TEST_P(degradation, failed_loop_start_reduces_loops) {
  if (!info().uses_loops) GTEST_SKIP() << "it has no loops";
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

TEST_P(degradation, unwatchable_socket_fails_one_query) {
  if (!info().uses_loops || info().name == "multi_poll") GTEST_SKIP() << "it watches no sockets";
  // The first call is for the loop's own wakeup descriptor. The native transport registers a socket once.
  for (const std::size_t first : {2u, 5u, is_libcurl() ? 11u : 9u}) {
    const auto site = start_site();
    collected_outcomes outcomes;
    std::size_t failed = 0;
    {
      const failing_calls watch{"epoll_ctl", first, 1};
      run(days_at(site.url(), days, workers), outcomes.sink());
      failed = watch.failed();
    }
    EXPECT_EQ(failed, 1u);
    EXPECT_EQ(count_fares(outcomes), days - 1);
  }
}

}  // namespace
}  // namespace farebench::test
