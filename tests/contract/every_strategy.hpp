#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "farebench/strategy.hpp"

namespace farebench::test {

/// The outcomes of a batch by index. A second one for the same index is a failure of the test.
class collected_outcomes {
 public:
  outcome_sink sink() {
    return [this](std::size_t index, outcome&& result) {
      EXPECT_TRUE(by_index_.emplace(index, std::move(result)).second)
          << "day " << index << " was answered twice";
    };
  }
  std::size_t size() const { return by_index_.size(); }
  const outcome& at(std::size_t index) const { return by_index_.at(index); }
  const std::map<std::size_t, outcome>& by_index() const { return by_index_; }

 private:
  std::map<std::size_t, outcome> by_index_;
};

/// The query of day `index` from 2026-03-01.
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

/// A suite that is run for each strategy by name.
class every_strategy : public testing::TestWithParam<std::string> {
 protected:
  void run(const batch& work, const outcome_sink& sink) { make_strategy(GetParam())->run(work, sink); }
};

inline auto all_strategies() {
  return testing::ValuesIn(std::vector<std::string>{strategy_names().begin(), strategy_names().end()});
}

inline std::string name_of(const testing::TestParamInfo<std::string>& info) { return info.param; }

}  // namespace farebench::test
