#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace farebench::test {

/// The functions that can be made to fail. `allocation` is all of malloc's family and operator new.
std::span<const std::string_view> functions_that_can_fail();

/// While it lives, calls of one function fail in this process as they would for want of resources, or for a
/// connection that has gone: those from `first` (from 1) on, `count` of them. One at a time.
class failing_calls {
 public:
  static constexpr std::size_t never = 0;

  /// `first` never: none fails, and they are counted alone.
  failing_calls(std::string_view function, std::size_t first,
                std::size_t count = std::numeric_limits<std::size_t>::max());
  ~failing_calls();
  failing_calls(const failing_calls&) = delete;
  failing_calls& operator=(const failing_calls&) = delete;

  /// How many were made so far, and how many of them have failed.
  std::size_t made() const;
  std::size_t failed() const;
};

/// Blocks that have been allocated and not freed. Always 0 under a sanitizer, which looks for leaks itself.
std::int64_t live_allocations();

}  // namespace farebench::test
