#pragma once

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "farebench/libcurl.hpp"
#include "farebench/native.hpp"
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

/// Strategy on a transport, as the parameter of a suite.
struct tested_strategy {
  const strategy_info* info = nullptr;
  const transport* http = nullptr;

  std::unique_ptr<strategy> create() const { return make_strategy(info->name, *http); }
};

/// Returns "coroutines" on libcurl, and "coroutines_native".
inline std::string name_of_strategy(const tested_strategy& tested) {
  std::string name{tested.info->name};
  if (tested.http != &libcurl_transport()) name.append("_").append(tested.http->name());
  return name;
}

inline std::ostream& operator<<(std::ostream& out, const tested_strategy& tested) {
  return out << name_of_strategy(tested);
}

/// Suite that runs once per strategy on each transport.
class every_strategy : public testing::TestWithParam<tested_strategy> {
 protected:
  const strategy_info& info() const { return *GetParam().info; }
  const transport& http() const { return *GetParam().http; }

  void run(const batch& work, const outcome_sink& sink) { GetParam().create()->run(work, sink); }

  /// Number of queries that the strategy scrapes at once.
  std::size_t concurrency(std::size_t workers) const { return info().uses_workers ? workers : 1; }
};

inline auto all_transports() { return std::array{&libcurl_transport(), &native_transport()}; }

/// Returns the strategies on each transport.
inline std::vector<tested_strategy> list_strategies() {
  std::vector<tested_strategy> all;
  for (const transport* const http : all_transports()) {
    for (const auto& info : http->strategies()) all.push_back({&info, http});
  }
  return all;
}

inline auto all_strategies() { return testing::ValuesIn(list_strategies()); }

/// As all_strategies, on the transports for which `accepts` returns true.
inline auto strategies_on(bool (*accepts)(const transport&)) {
  auto all = list_strategies();
  std::erase_if(all, [accepts](const tested_strategy& tested) { return !accepts(*tested.http); });
  return testing::ValuesIn(all);
}

inline std::string name_of(const testing::TestParamInfo<tested_strategy>& info) {
  return name_of_strategy(info.param);
}

/// Returns this process's resources once they equal `expected`, or those that it has after hang_deadline.
/// The kernel may list a joined thread for a moment.
inline resource_counts settled_resources(const resource_counts& expected) {
  wait_until([&] { return open_resources() == expected; });
  return open_resources();
}

}  // namespace farebench::test
