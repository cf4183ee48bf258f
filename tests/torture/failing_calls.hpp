#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace farebench::test {

/// Names of the functions that can fail. `allocation` stands for malloc's family and operator new.
std::span<const std::string_view> functions_that_can_fail();

/// Makes calls of one function in this process fail during its lifetime, as if a resource were exhausted or
/// a connection lost. Fails `count` calls, beginning with call number `first` (from 1). At most one object
/// exists at a time.
class failing_calls {
 public:
  static constexpr std::size_t never = 0;

  /// With `never` as `first`, only counts the calls.
  failing_calls(std::string_view function, std::size_t first,
                std::size_t count = std::numeric_limits<std::size_t>::max());
  ~failing_calls();
  failing_calls(const failing_calls&) = delete;
  failing_calls& operator=(const failing_calls&) = delete;

  /// Number of calls so far, and of those that failed.
  std::size_t calls() const;
  std::size_t failed() const;
};

/// Number of blocks that are allocated and not freed. Always 0 under a sanitizer, which finds leaks itself.
std::int64_t live_allocations();

}  // namespace farebench::test
