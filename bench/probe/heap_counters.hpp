#pragma once

#include <atomic>
#include <cstdint>

namespace farebench {

/// What libheap_count.so counts, laid out in memory that the counting process shares with whoever
/// started it. All of it is relaxed atomics: every figure is exact by itself, and they agree with
/// each other while the process allocates nothing (while it waits for its next command, say).
/// Bytes are what the allocator gave (malloc_usable_size), a little more than what was asked for.
struct heap_counters {
  /// Tells the segment from another file under the same descriptor, and this layout from others.
  /// Change the digit with the layout: an older commit's probe then counts for itself alone.
  static constexpr std::uint64_t expected_magic = 0x31'70'61'65'68'62'66;  // "fbheap1"

  std::atomic<std::uint64_t> magic;
  std::atomic<std::int64_t> process_id;  ///< of the process that counts here; 0 before it does
  std::atomic<std::int64_t>
      allocations;  ///< calls that returned a block: malloc, calloc, realloc and their kin
  std::atomic<std::int64_t> live_bytes;  ///< allocated and not freed, now
  std::atomic<std::int64_t> peak_bytes;  ///< the most that were live at once since the start or a reset
};

static_assert(std::atomic<std::int64_t>::is_always_lock_free);  // as it must be between processes
static_assert(sizeof(heap_counters) == 40);

/// The environment variable with the number of the descriptor to map them from.
constexpr char heap_count_variable[] = "FAREBENCH_HEAP_COUNT_FD";

}  // namespace farebench
