#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "bench/probe/heap_counters.hpp"
#include "lib/system/file_descriptor.hpp"

namespace farebench {

/// Shared memory in which a child process with libheap_count.so preloaded counts its heap. Create it before
/// the child starts; it can be read while the child runs and afterwards. The first process that attaches uses
/// the segment; its children do not. Not thread-safe.
///
/// Programs built with AddressSanitizer cannot start with a preloaded library.
class heap_counter_segment {
 public:
  /// `library` is the path of libheap_count.so. Throws std::system_error naming the call or the unreadable
  /// library.
  explicit heap_counter_segment(const std::filesystem::path& library);
  ~heap_counter_segment();
  heap_counter_segment(heap_counter_segment&& other) noexcept;
  heap_counter_segment& operator=(heap_counter_segment&&) = delete;

  /// Must stay open in the child under the same number. Closed on exec elsewhere.
  int descriptor() const { return memory_.get(); }
  /// Variables to add to the child's environment, LD_PRELOAD among them.
  std::vector<std::pair<std::string, std::string>> environment() const;

  struct reading {
    /// Since the start of the program, including the loader's.
    std::int64_t allocations;
    std::int64_t live_bytes;
    /// Since the start of the program or reset_peak().
    std::int64_t peak_bytes;
    /// False before the child has attached, and if it cannot: then the other figures are 0.
    bool attached;
  };
  reading read() const;

  /// Sets the peak to the live bytes. Call it while the child allocates nothing.
  void reset_peak();

 private:
  file_descriptor library_;
  std::string preload_name_;
  file_descriptor memory_;
  heap_counters* counters_ = nullptr;
};

}  // namespace farebench
