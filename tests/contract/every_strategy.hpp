#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "farebench/libcurl.hpp"
#include "farebench/strategy.hpp"
#include "lib/system/process_stats.hpp"
#include "tests/support/waiting.hpp"

namespace farebench::test {

/// Outcomes of a batch by index. A second outcome of an index fails the test.
class collected_outcomes {
 public:
  outcome_sink sink() {
    return [this](std::size_t index, outcome&& result) {
      EXPECT_TRUE(by_index_.emplace(index, std::move(result)).second)
          << "day " << index << " has a second outcome";
    };
  }
  std::size_t size() const { return by_index_.size(); }
  const outcome& at(std::size_t index) const { return by_index_.at(index); }
  const std::map<std::size_t, outcome>& by_index() const { return by_index_; }

 private:
  std::map<std::size_t, outcome> by_index_;
};

/// Query of day `index` from 2026-03-01.
inline query day(std::size_t index) {
  using namespace std::chrono;
  return {.from = "ID10202003",
          .to = "ID10202002",
          .date = sys_days{2026y / March / 1} + days{static_cast<int>(index)}};
}

inline batch days_at(const std::string& url, std::size_t size, std::size_t workers) {
  return {.base_url = url, .size = size, .query_at = day, .workers = workers, .policy = {}};
}

inline batch on_two_loops(batch work) {
  work.loops = 2;
  return work;
}

/// Suite that runs once per strategy. Its parameter is the strategy's name.
class every_strategy : public testing::TestWithParam<std::string> {
 protected:
  const strategy_info& info() const { return *find_strategy(GetParam(), libcurl_transport()); }

  void run(const batch& work, const outcome_sink& sink) {
    make_strategy(GetParam(), libcurl_transport())->run(work, sink);
  }

  /// Number of queries that the strategy scrapes at once.
  std::size_t concurrency(std::size_t workers) const { return info().uses_workers ? workers : 1; }
};

inline auto all_strategies() {
  std::vector<std::string> names;
  for (const auto& info : libcurl_transport().strategies()) names.emplace_back(info.name);
  return testing::ValuesIn(names);
}

inline std::string name_of(const testing::TestParamInfo<std::string>& info) { return info.param; }

/// Returns this process's resources once they equal `expected`, or those that it has after hang_deadline.
/// The kernel may list a joined thread for a moment.
inline resource_counts settled_resources(const resource_counts& expected) {
  wait_until([&] { return open_resources() == expected; });
  return open_resources();
}

}  // namespace farebench::test
