#pragma once

#include <algorithm>
#include <forward_list>
#include <optional>

#include "farebench/fetch_policy.hpp"

namespace farebench {

/// The limits of the clients of one thread, each set once, so that thousands of clients hold a reference. Not
/// thread-safe.
class interned_limits {
 public:
  /// Returns a copy of `limits` that lives as long as this object. Equal limits share one copy. Throws
  /// std::bad_alloc.
  const fetch_limits& intern(const fetch_limits& limits) {
    if (!first_) first_ = limits;
    if (*first_ == limits) return *first_;
    const auto existing = std::ranges::find(further_, limits);
    return existing != further_.end() ? *existing : further_.emplace_front(limits);
  }

 private:
  // Nearly every batch has a single set of limits.
  std::optional<fetch_limits> first_;
  std::forward_list<fetch_limits> further_;
};

}  // namespace farebench
