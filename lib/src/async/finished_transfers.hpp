#pragma once

#include <curl/curl.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace farebench {

/// A transfer that libcurl has finished.
struct finished_transfer {
  CURL* easy;
  CURLcode verdict;
  std::string error_text;  ///< what libcurl wrote of its failure, if it did
};

/// Those that were read from libcurl and not yet handed out, the first one first. There is room for some from
/// the start, so that whoever has no memory for more can go on with those.
class finished_transfers {
 public:
  finished_transfers() { waiting_.reserve(first_room); }

  bool empty() const { return first_ == waiting_.size(); }
  /// How many have been added since it was last empty.
  std::size_t added() const { return waiting_.size(); }

  /// Whether the next `add` does not throw.
  bool make_room() noexcept {
    if (waiting_.size() < waiting_.capacity()) return true;
    try {
      waiting_.reserve(2 * waiting_.size());
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
  finished_transfer& add(CURL* easy, CURLcode verdict) {
    waiting_.push_back({easy, verdict, {}});
    return waiting_.back();
  }

  bool holds(const CURL* easy) const {
    return std::find_if(begin(), end(), [=](const auto& one) { return one.easy == easy; }) != end();
  }
  /// The last failure among those from the one that was added as number `from` on; null where there is none.
  finished_transfer* last_failure(std::size_t from) {
    for (std::size_t at = waiting_.size(); at-- > from;)
      if (waiting_[at].verdict != CURLE_OK) return &waiting_[at];
    return nullptr;
  }

  finished_transfer take_first() {
    finished_transfer first = std::move(waiting_[first_++]);
    if (empty()) clear();
    return first;
  }
  /// Its client is destroyed.
  void forget(const CURL* easy) {
    waiting_.erase(std::remove_if(waiting_.begin() + static_cast<std::ptrdiff_t>(first_), waiting_.end(),
                                  [=](const auto& one) { return one.easy == easy; }),
                   waiting_.end());
    if (empty()) clear();
  }

 private:
  static constexpr std::size_t first_room = 16;

  using const_iterator = std::vector<finished_transfer>::const_iterator;
  const_iterator begin() const { return waiting_.begin() + static_cast<std::ptrdiff_t>(first_); }
  const_iterator end() const { return waiting_.end(); }
  void clear() {
    waiting_.clear();
    first_ = 0;
  }

  std::vector<finished_transfer> waiting_;
  std::size_t first_ = 0;
};

}  // namespace farebench
