// Torture tests, as curl has them. In a small batch the first call of a function fails, then the second, and
// so on to the last: once that call alone, and once with all later calls. This is repeated for each strategy
// and each function that the system may fail. Whichever call fails:
//  - each query has one outcome, and fares are those of its day;
//  - no exchange waits for its deadline;
//  - no memory, descriptor or thread is leaked;
//  - `run` throws only before the first outcome.
//
// Each point (call and strategy) runs in its own process.
//
// FAREBENCH_TORTURE=all tries every call. By default it tries the first calls and a sample of the others.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <thread>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#include "lib/system/process_stats.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/sites.hpp"
#include "tests/torture/failing_calls.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__)
// Fewer, as each point's leak check is slow.
constexpr std::size_t sampled_points = 20;
#else
constexpr std::size_t sampled_points = 100;
#endif
// Deadlines that only a hang can reach.
constexpr auto exchange_deadline = 30s;
constexpr unsigned point_deadline_seconds = 90;

/// Exit code of a point's process.
enum point_end : int { nothing_failed = 0, survived = 10, violated = 11, hung = 12 };

void end_hung(int) { _exit(hung); }

/// Outcomes of a batch. Collecting them allocates nothing.
class prepared_outcomes {
 public:
  static constexpr std::size_t days = 3;

  outcome_sink sink() {
    return [this](std::size_t index, outcome&& result) {
      ++calls_;
      auto& stored = by_index_.at(index);
      if (stored) ++duplicates_;
      stored = std::move(result);
    };
  }
  std::size_t calls() const { return calls_; }
  std::size_t duplicates() const { return duplicates_; }
  const std::array<std::optional<outcome>, days>& by_index() const { return by_index_; }

 private:
  std::array<std::optional<outcome>, days> by_index_;
  std::size_t calls_ = 0;
  std::size_t duplicates_ = 0;
};

struct finished_run {
  std::size_t failed_calls = 0;
  std::size_t calls = 0;
  // True if an outcome is an error.
  bool has_error = false;
};

/// Suite that runs once per function. Its parameter is the function's name.
class torture : public testing::TestWithParam<std::string> {
 protected:
  static constexpr std::size_t days = prepared_outcomes::days;
  static constexpr std::size_t workers = 2;

  static void SetUpTestSuite() { site = new mock_server_process{start_site(0ms)}; }
  static void TearDownTestSuite() { delete std::exchange(site, nullptr); }
  void choose(const tested_strategy& tested, connection_mode connections) {
    tested_ = tested;
    strategy_ = tested.create();
    work_ = days_at(site->url(), days, workers);
    work_.connections = connections;
    work_.policy.max_attempts = 2;
    work_.policy.backoff_base = 0ms;
    work_.policy.exchange.exchange_deadline = work_.policy.exchange.connect_timeout = exchange_deadline;
    // Libraries allocate some things once and keep them.
    for (int i = 0; i < 3; ++i) try_point(failing_calls::never, 0);
  }

  bool fails_allocations() const { return GetParam() == "allocation"; }

  /// Runs the batch while `count` calls fail from the `first` on. Checks the invariants.
  finished_run try_point(std::size_t first, std::size_t count) {
    finished_run result;
    prepared_outcomes outcomes;
    const auto sink = outcomes.sink();
    const auto before = open_resources();
    std::optional<std::string> thrown;
    {
      const failing_calls failing{GetParam(), first, count};
      try {
        strategy_->run(work_, sink);
      } catch (const std::bad_alloc&) {
        thrown = "std::bad_alloc";
      } catch (const std::system_error&) {
        thrown = "std::system_error";
      }
      result.failed_calls = failing.failed();
      result.calls = failing.calls();
    }
    EXPECT_EQ(settled_resources(before), before);
    if (thrown) {
      EXPECT_GT(result.failed_calls, 0u) << *thrown;
      EXPECT_EQ(outcomes.calls(), 0u) << *thrown << " after an outcome";
    } else {
      expect_outcomes(outcomes, result);
    }
    return result;
  }

  void expect_outcomes(const prepared_outcomes& outcomes, finished_run& run) {
    EXPECT_EQ(outcomes.duplicates(), 0u);
    for (std::size_t index = 0; index < days; ++index) {
      const auto& result = outcomes.by_index()[index];
      if (!result) {
        ADD_FAILURE() << "day " << index << " has no outcome";
      } else if (*result) {
        EXPECT_EQ(**result, timetable(day(index), page_kb));
      } else {
        run.has_error = true;
        EXPECT_TRUE(is_expected(result->error().kind)) << describe(result->error());
      }
    }
    EXPECT_TRUE(!run.has_error || run.failed_calls > 0);
  }

  /// libcurl reports some failed allocations as other errors. 7.88 silently drops a URL's query, which gives
  /// status 405.
  bool is_expected(fetch_error_kind kind) const {
    using enum fetch_error_kind;
    if (kind == out_of_resources) return true;
    if (fails_allocations() && tested_.http != &libcurl_transport()) return false;
    if (kind == connect_failed || kind == connection_lost) return true;
    return fails_allocations() &&
           (kind == bad_response || kind == header_too_large || kind == unexpected_status);
  }

  /// As try_point, and checks that all memory is freed. Libraries keep some first allocations: so a leak is
  /// one that recurs.
  finished_run try_point_for_leaks(std::size_t first, std::size_t count) {
    for (int attempt = 0;; ++attempt) {
      const auto before = live_allocations();
      const auto run = try_point(first, count);
      if (live_allocations() <= before || HasFailure()) return run;
      if (attempt < 3) continue;
      ADD_FAILURE() << live_allocations() - before << " allocations leaked";
      return run;
    }
  }

  /// Runs try_point_for_leaks in a child process and returns its exit code; -1 if a signal ended it.
  int end_of_point(std::size_t first, std::size_t count) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      std::signal(SIGALRM, end_hung);
      alarm(point_deadline_seconds);
      const auto run = try_point_for_leaks(first, count);
      std::fflush(stdout);
      _exit(HasFailure() || leaks() ? violated : run.failed_calls > 0 ? survived : nothing_failed);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  static bool leaks() {
#if defined(__SANITIZE_ADDRESS__)
    return __lsan_do_recoverable_leak_check() != 0;
#else
    return false;
#endif
  }

  /// Tries each call of each strategy, or the first calls and a sample of the others.
  void try_all(std::size_t count, connection_mode connections = connection_mode::kept) {
    const char* const variable = std::getenv("FAREBENCH_TORTURE");
    const bool all = variable && std::string_view{variable} == "all";
    std::size_t points = 0;
    for (const auto& tested : list_strategies()) {
      choose(tested, connections);
      const std::size_t calls = try_point(failing_calls::never, 0).calls;
      const std::size_t step = all ? 1 : std::max<std::size_t>(1, calls / sampled_points);
      for (std::size_t first = 1;; first += first <= sampled_points / 2 ? 1 : step) {
        const int end = end_of_point(first, count);
        if (end == nothing_failed) break;
        ++points;
        ASSERT_TRUE(end == survived) << tested << ", " << GetParam() << ": call " << first
                                     << (count == 1 ? " alone" : " and all later calls")
                                     << (end == hung ? " failed: the run hangs"
                                                     : " failed: an invariant is violated");
      }
    }
    std::printf("torture: %zu points\n", points);
    EXPECT_GT(points, 0u) << "it is never called";
  }

  static inline mock_server_process* site = nullptr;
  tested_strategy tested_;
  std::unique_ptr<strategy> strategy_;
  batch work_;
};

INSTANTIATE_TEST_SUITE_P(contract, torture,
                         testing::ValuesIn(std::vector<std::string>{functions_that_can_fail().begin(),
                                                                    functions_that_can_fail().end()}),
                         [](const auto& info) { return info.param; });

TEST_P(torture, failure_of_one_call_keeps_invariants) { try_all(1); }

TEST_P(torture, failure_with_fresh_connections_keeps_invariants) { try_all(1, connection_mode::fresh); }

TEST_P(torture, failure_of_all_later_calls_keeps_invariants) {
  try_all(std::numeric_limits<std::size_t>::max());
}

}  // namespace
}  // namespace farebench::test
