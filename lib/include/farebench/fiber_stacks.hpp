#pragma once

#include <cstddef>
#include <vector>

namespace farebench {

/// Memory for the stacks of up to `count` fibers at a time: reserved at once, resident only as far as a fiber
/// has touched it, reused from fiber to fiber. Must outlive the fibers that stand on it. Not thread-safe.
///
/// Below each stack lies a page that cannot be touched, so that an overflow is a crash and never someone
/// else's memory. Such guards cost two memory maps a stack, of which a process may have vm.max_map_count:
/// where so many stacks would take more than half of them, they go without (see `guarded`).
class fiber_stacks {
 public:
  /// 32 KiB: a scrape uses 6 KiB of it (measured with libcurl 7.88 and a sink that formats text).
  static constexpr std::size_t default_stack_bytes = 32 * 1024;

  /// Throws std::system_error naming mmap or mprotect.
  explicit fiber_stacks(std::size_t count, std::size_t stack_bytes = default_stack_bytes);
  ~fiber_stacks();
  fiber_stacks(const fiber_stacks&) = delete;
  fiber_stacks& operator=(const fiber_stacks&) = delete;

  std::size_t stack_bytes() const { return stack_bytes_; }
  bool guarded() const { return guarded_; }

  /// The top of a free stack (stacks grow down). Throws std::bad_alloc when all are taken.
  void* take();
  void give_back(void* top);

 private:
  std::size_t stack_bytes_;  // whole pages
  std::size_t mapped_bytes_;
  bool guarded_;
  std::byte* mapped_;
  std::vector<void*> free_tops_;  // the last given back is the first taken: its pages are there
};

}  // namespace farebench
