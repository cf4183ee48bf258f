#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace farebench {

struct heap_counters;

/// The other side of libheap_count.so: the shared memory that one child process counts its heap
/// in, made before it starts and read at any moment while it runs and after. Nothing is asked of
/// the child. One segment is good for one process: the first that comes takes it, its children
/// count for themselves. Used by one thread; owns the memory and its descriptor, which closes with it.
///
/// A program built with AddressSanitizer refuses any preloaded library: don't start one with this.
class heap_counter_segment {
 public:
  /// `library` is the path of libheap_count.so. Throws std::system_error naming the call, or the
  /// library when it can't be read.
  explicit heap_counter_segment(const std::filesystem::path& library);
  ~heap_counter_segment();
  heap_counter_segment(heap_counter_segment&& other) noexcept;
  heap_counter_segment& operator=(heap_counter_segment&& other) noexcept;

  /// To be left open in the child under the same number. Closed on exec elsewhere.
  int descriptor() const { return memory_; }
  /// To be set for the child, on top of this process's own; includes LD_PRELOAD.
  std::vector<std::pair<std::string, std::string>> environment() const;

  struct reading {
    std::int64_t allocations;  ///< since the program started, the loader's too
    std::int64_t live_bytes;
    std::int64_t peak_bytes;  ///< since the program started, or since restart_peak
    bool attached;  ///< false: the child has not got so far, or could not be preloaded; the rest is 0
  };
  reading read() const;

  /// Makes what is live now the new peak. For a moment when the child allocates nothing.
  void restart_peak();

 private:
  heap_counter_segment() = default;

  std::string preload_name_;
  int library_ = -1;
  int memory_ = -1;
  heap_counters* counters_ = nullptr;
};

}  // namespace farebench
