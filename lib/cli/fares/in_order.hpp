#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <utility>

#include "farebench/outcome.hpp"

namespace farebench {

/// Hands outcomes on in the order of their indices, holding only those that came before their turn.
/// Not thread-safe: a strategy's sink is called by one thread at a time.
class in_order {
 public:
  explicit in_order(std::function<void(std::size_t, const outcome&)> next) : next_{std::move(next)} {}

  void add(std::size_t index, outcome&& result) {
    waiting_.emplace(index, std::move(result));
    for (auto first = waiting_.begin(); first != waiting_.end() && first->first == turn_;
         first = waiting_.begin()) {
      next_(turn_++, first->second);
      waiting_.erase(first);
    }
  }

 private:
  std::function<void(std::size_t, const outcome&)> next_;
  std::map<std::size_t, outcome> waiting_;
  std::size_t turn_ = 0;
};

}  // namespace farebench
