#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace farebench {

/// The live sessions of a site, at most `capacity` of them: starting one more ends the oldest.
/// Any thread.
class session_store {
 public:
  /// Six times the most scrapes that a benchmark has under way at once, in about 6 MB.
  static constexpr std::size_t default_capacity = 65'536;

  explicit session_store(std::size_t capacity = default_capacity);

  struct session {
    std::string id;         ///< 32 hex digits from the kernel's random generator
    std::uint64_t ordinal;  ///< how many were started before it
  };

  session start();
  bool is_live(std::string_view id) const { return ordinal_of(id).has_value(); }
  /// How many were started before it; nothing for what is no live session.
  std::optional<std::uint64_t> ordinal_of(std::string_view id) const;
  /// Ends it, if it is live.
  void forget(std::string_view id);
  /// Sessions ever started.
  std::uint64_t started() const;

 private:
  struct session_id {
    std::uint64_t high;
    std::uint64_t low;
    bool operator==(const session_id&) const = default;
  };
  struct hash {
    std::size_t operator()(const session_id& id) const { return id.low; }  // random already
  };

  static std::optional<session_id> read(std::string_view id);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::unordered_map<session_id, std::uint64_t, hash> live_;  // and its ordinal
  std::vector<session_id> by_age_;  // a ring once full: the oldest is at started_ % capacity_
  std::uint64_t started_ = 0;
};

}  // namespace farebench
