#pragma once

#include <atomic>
#include <cstdint>

namespace farebench {

/// Counters of libheap_count.so, in memory shared between the counting process and bench. All accesses are
/// relaxed: each figure is exact, and the figures agree with each other while the process allocates nothing.
/// Sizes are those that the allocator gave (malloc_usable_size), slightly more than requested.
struct heap_counters {
  /// Distinguishes the segment from other files and other layouts. Change the digit with the layout: then
  /// programs of older commits do not use the segment.
  static constexpr std::uint64_t expected_magic = 0x31'70'61'65'68'62'66;  // "fbheap1"

  std::atomic<std::uint64_t> magic;
  /// The counting process; 0 before it attaches.
  std::atomic<std::int64_t> process_id;
  /// Calls of malloc, calloc, realloc and their variants that returned a block.
  std::atomic<std::int64_t> allocations;
  std::atomic<std::int64_t> live_bytes;
  /// Maximum of live_bytes since the start or a reset.
  std::atomic<std::int64_t> peak_bytes;
};

// Required between processes.
static_assert(std::atomic<std::int64_t>::is_always_lock_free);
static_assert(sizeof(heap_counters) == 40);

/// Environment variable with the number of the segment's descriptor.
constexpr char heap_count_variable[] = "FAREBENCH_HEAP_COUNT_FD";

}  // namespace farebench
