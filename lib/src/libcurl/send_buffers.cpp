#include "libcurl/send_buffers.hpp"

#include <curl/curl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "farebench/libcurl.hpp"
#include "libcurl/options.hpp"

namespace farebench {

bool block_pool::reserve() noexcept {
  void* const memory = ::mmap(nullptr, max_blocks_ * block_bytes_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  begin_ = static_cast<char*>(memory);
  return true;
}

// A freed block gives up its pages when it is allocated again, not before: most are freed when a batch ends.
// If pages are larger than blocks, it keeps them, because others share them.
void* block_pool::allocate() noexcept {
  const std::lock_guard lock{mutex_};
  char* block = free_;
  if (block != nullptr) {
    std::memcpy(static_cast<void*>(&free_), block, sizeof free_);
    const bool is_whole_pages = block_bytes_ % static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) == 0;
    if (!is_whole_pages || ::madvise(block, block_bytes_, MADV_DONTNEED) != 0)
      std::memset(block, 0, block_bytes_);
  } else if (begin_ != nullptr && touched_ < max_blocks_) {
    block = begin_ + block_bytes_ * touched_++;
  }
  if (block != nullptr) ++in_use_;
  return block;
}

void block_pool::free(void* block) noexcept {
  const std::lock_guard lock{mutex_};
  std::memcpy(block, static_cast<const void*>(&free_), sizeof free_);
  free_ = static_cast<char*>(block);
  --in_use_;
}

bool block_pool::contains(const void* block) const noexcept {
  const auto offset = reinterpret_cast<std::uintptr_t>(block) - reinterpret_cast<std::uintptr_t>(begin_);
  return begin_ != nullptr && offset < max_blocks_ * block_bytes_;
}

std::size_t block_pool::blocks_in_use() const {
  const std::lock_guard lock{mutex_};
  return in_use_;
}

block_pool& send_buffers() {
  // A send buffer and libcurl's header of it, in whole pages. The mapping of 640 MiB holds the buffers of
  // more clients than there are ports.
  constexpr std::size_t page_bytes = 4096;
  constexpr std::size_t max_blocks = 32'768;
  constinit static block_pool pool{send_buffer_bytes + page_bytes, max_blocks};
  return pool;
}

namespace {

// Memory functions for libcurl, which are malloc's except for send buffers.

void* allocate_zeroed(std::size_t count, std::size_t size) {
  if (count == 1 && size >= send_buffer_bytes && size <= send_buffers().block_bytes()) {
    if (void* const block = send_buffers().allocate()) return block;
  }
  return std::calloc(count, size);
}

void release(void* block) {
  if (send_buffers().contains(block)) return send_buffers().free(block);
  std::free(block);
}

void* resize(void* block, std::size_t size) {
  if (!send_buffers().contains(block)) return std::realloc(block, size);
  void* const copy = std::malloc(size);
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, block, std::min(size, send_buffers().block_bytes()));
  send_buffers().free(block);
  return copy;
}

}  // namespace

void map_send_buffers() noexcept {
  static std::once_flag once;
  std::call_once(once, [] {
    if (send_buffers().reserve())
      curl_global_init_mem(CURL_GLOBAL_DEFAULT, &std::malloc, &release, &resize, &::strdup, &allocate_zeroed);
  });
}

}  // namespace farebench
