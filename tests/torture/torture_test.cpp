// Torture, as curl tests itself: in a small batch the first call of a function fails, then the second, and so
// on to the last, for each strategy and each function whose failure the system may choose; once alone, and
// once with all calls behind it. Whatever fails, each query has its one outcome, the fares of those that came
// home are their day's, nobody waits for a deadline, and nothing is left behind. Only where no work could
// begin, `run` throws, before any outcome.
//
// Each point is a process of its own.
//
// FAREBENCH_TORTURE=all takes every call; without it, of many calls those to begin with and some of the
// others.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#include "lib/system/process_stats.hpp"
#include "mock_server/mock_server_process.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/failing_calls.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t days = 3;
constexpr std::size_t workers = 2;
constexpr std::size_t page_kb = 3;
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t sampled_points = 20;  // each looks for leaks, which takes its time
#else
constexpr std::size_t sampled_points = 100;
#endif
constexpr unsigned patience_seconds = 20;

// How a point's process ends.
enum point_end : int { nothing_failed = 0, survived = 10, broke_a_law = 11, hung = 12 };

void end_hung(int) { _exit(hung); }

/// The outcomes of a batch, in room that was made beforehand.
class prepared_outcomes {
 public:
  outcome_sink sink() {
    return [this](std::size_t index, outcome&& result) {
      ++calls_;
      auto& place = by_index_.at(index);
      if (place) ++doubled_;
      place = std::move(result);
    };
  }
  std::size_t calls() const { return calls_; }
  std::size_t doubled() const { return doubled_; }
  const std::array<std::optional<outcome>, days>& by_index() const { return by_index_; }

 private:
  std::array<std::optional<outcome>, days> by_index_;
  std::size_t calls_ = 0;
  std::size_t doubled_ = 0;
};

struct finished_run {
  std::size_t failed_calls = 0;
  std::size_t made_calls = 0;
  bool lost = false;  // an outcome, to a failure
};

/// Of one function, by name.
class torture : public testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    site = new mock_server_process{{.latency = 0ms,
                                    .page_kb = page_kb,
                                    .executable = std::filesystem::path{FAREBENCH_BIN_DIR} / "mock_server"}};
  }
  static void TearDownTestSuite() { delete std::exchange(site, nullptr); }
  void choose(std::string_view name) {
    strategy_ = make_strategy(name);
    work_ = days_at(site->url(), days, workers);
    work_.policy.max_attempts = 2;
    work_.policy.backoff_base = 0ms;
    work_.policy.exchange.exchange_deadline = work_.policy.exchange.connect_timeout = 5s;
    for (int i = 0; i < 3; ++i) try_point(failing_calls::never, 0);  // what libraries make once and keep
  }

  bool is_of_memory() const { return GetParam() == "allocation"; }

  /// One run, in which `count` calls fail from the `first` on, and the laws for it.
  finished_run try_point(std::size_t first, std::size_t count) {
    finished_run out;
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
      } catch (const std::system_error& fault) {
        thrown = "std::system_error";
      }
      out.failed_calls = failing.failed();
      out.made_calls = failing.made();
    }
    EXPECT_EQ(open_resources_in_the_end(before), before);
    if (thrown) {
      EXPECT_GT(out.failed_calls, 0u) << *thrown;
      EXPECT_EQ(outcomes.calls(), 0u) << *thrown << " although work had begun";
    } else {
      expect_outcomes(outcomes, out);
    }
    return out;
  }

  void expect_outcomes(const prepared_outcomes& outcomes, finished_run& run) {
    EXPECT_EQ(outcomes.doubled(), 0u);
    for (std::size_t index = 0; index < days; ++index) {
      const auto& result = outcomes.by_index()[index];
      if (!result) {
        ADD_FAILURE() << "day " << index << " has no outcome";
      } else if (*result) {
        EXPECT_EQ(**result, timetable(day(index), page_kb));
      } else {
        run.lost = true;
        EXPECT_TRUE(may_come_of_it(result->error().kind)) << describe(result->error());
      }
    }
    EXPECT_TRUE(!run.lost || run.failed_calls > 0);
  }

  /// A thread that was joined is gone a moment later.
  static resource_counts open_resources_in_the_end(const resource_counts& expected) {
    for (int i = 0; i < 1'000; ++i) {
      if (const auto now = open_resources(); now == expected) return now;
      std::this_thread::sleep_for(1ms);
    }
    return open_resources();
  }

  /// libcurl has other words for some of what it lacks memory for; and for a URL's query it has none at
  /// all: 7.88 asks for the path alone, which is a 405.
  bool may_come_of_it(fetch_error_kind kind) const {
    using enum fetch_error_kind;
    if (kind == out_of_resources || kind == connect_failed || kind == connection_lost) return true;
    return is_of_memory() && (kind == bad_response || kind == header_too_large || kind == unexpected_status);
  }

  /// The same, and that what it allocated is gone. Libraries keep a little of what they make for the first
  /// time; so what is left behind is left behind again.
  finished_run try_point_for_leaks(std::size_t first, std::size_t count) {
    for (int attempt = 0;; ++attempt) {
      const auto before = live_allocations();
      const auto run = try_point(first, count);
      if (live_allocations() <= before || HasFailure()) return run;
      if (attempt < 3) continue;
      ADD_FAILURE() << live_allocations() - before << " allocations are left behind";
      return run;
    }
  }

  /// The same in a process of its own, which ends as it says.
  int end_of_point(std::size_t first, std::size_t count) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      std::signal(SIGALRM, end_hung);
      alarm(patience_seconds);
      const auto run = try_point_for_leaks(first, count);
      std::fflush(stdout);
      _exit(HasFailure() || leaks() ? broke_a_law : run.failed_calls > 0 ? survived : nothing_failed);
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
    return false;  // see live_allocations
#endif
  }

  /// Of each strategy every call from the first to the last; or, of many, those to begin with and some of the
  /// others.
  void try_all(std::size_t count) {
    const char* const wanted = std::getenv("FAREBENCH_TORTURE");
    const bool all = wanted && std::string_view{wanted} == "all";
    std::size_t points = 0;
    for (const auto name : strategy_names()) {
      choose(name);
      const std::size_t calls = try_point(failing_calls::never, 0).made_calls;
      const std::size_t step = all ? 1 : std::max<std::size_t>(1, calls / sampled_points);
      for (std::size_t first = 1;; first += first <= sampled_points / 2 ? 1 : step) {
        const int end = end_of_point(first, count);
        if (end == nothing_failed) break;
        ++points;
        ASSERT_TRUE(end == survived) << name << ", " << GetParam() << ": call " << first
                                     << (count == 1 ? " alone" : " and all behind it")
                                     << (end == hung ? ": it hangs" : ": a law is broken");
      }
    }
    std::printf("torture: %zu points\n", points);
    EXPECT_GT(points, 0u) << "nobody calls it";
  }

  static inline mock_server_process* site = nullptr;
  std::unique_ptr<strategy> strategy_;
  batch work_;
};

INSTANTIATE_TEST_SUITE_P(contract, torture,
                         testing::ValuesIn(std::vector<std::string>{functions_that_can_fail().begin(),
                                                                    functions_that_can_fail().end()}),
                         name_of);

TEST_P(torture, survives_the_failure_of_any_one_call) { try_all(1); }

TEST_P(torture, survives_the_failure_of_any_call_and_all_behind_it) {
  try_all(std::numeric_limits<std::size_t>::max());
}

}  // namespace
}  // namespace farebench::test
