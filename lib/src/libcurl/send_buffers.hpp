#pragma once

#include <cstddef>
#include <mutex>

namespace farebench {

/// Zeroed blocks of one size in one mapping, so that only their touched pages are resident. Thread-safe.
class block_pool {
 public:
  constexpr block_pool(std::size_t block_bytes, std::size_t max_blocks)
      : block_bytes_{block_bytes}, max_blocks_{max_blocks} {}

  /// Maps the address space of all blocks. Returns false if the system refuses it. Call it once, before other
  /// threads use the pool.
  bool reserve() noexcept;

  /// Returns a block whose bytes are all zero, aligned to 16 bytes if the block size is, or nullptr if all
  /// blocks are in use.
  void* allocate() noexcept;
  void free(void* block) noexcept;

  bool contains(const void* block) const noexcept;
  std::size_t block_bytes() const { return block_bytes_; }
  std::size_t blocks_in_use() const;

 private:
  const std::size_t block_bytes_;
  const std::size_t max_blocks_;
  mutable std::mutex mutex_;
  char* begin_ = nullptr;
  // Blocks from the first one on that have ever been in use.
  std::size_t touched_ = 0;
  std::size_t in_use_ = 0;
  // The block freed last. Each free block begins with the address of the next.
  char* free_ = nullptr;
};

/// The pool from which libcurl's send buffers are allocated after map_send_buffers().
block_pool& send_buffers();

}  // namespace farebench
