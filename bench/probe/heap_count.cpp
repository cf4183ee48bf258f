#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "bench/probe/heap_counters.hpp"

// libheap_count.so, for LD_PRELOAD: counts the allocations of a program and its libraries, and forwards them
// to glibc. It never prints, never allocates and links only libc, so that it does not change the program's
// heap.
//
// It calls glibc's __libc_* functions, because dlsym(RTLD_NEXT, …) allocates. So it needs no initialization,
// and counts calls before the first constructor too.

// NOLINTBEGIN(clang-diagnostic-reserved-identifier, readability-identifier-naming): glibc's names
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void* __libc_valloc(std::size_t size);
void* __libc_pvalloc(std::size_t size);
void __libc_free(void* block);
}
// NOLINTEND(clang-diagnostic-reserved-identifier, readability-identifier-naming)

namespace {

using farebench::heap_counters;
constexpr auto relaxed = std::memory_order_relaxed;

// Initialized at compile time, so that the very first allocation is counted.
constinit heap_counters own_counters{};
constinit std::atomic<heap_counters*> counters{&own_counters};

std::int64_t size_of(void* block) { return static_cast<std::int64_t>(::malloc_usable_size(block)); }

/// Every value of live_bytes is passed to this function by the thread that set it, so that no peak is missed.
void raise_peak(heap_counters& figures, std::int64_t live) {
  auto peak = figures.peak_bytes.load(relaxed);
  while (live > peak && !figures.peak_bytes.compare_exchange_weak(peak, live, relaxed)) {
  }
}

void* count_allocated(void* block, std::int64_t size_before = 0) {
  if (block == nullptr) return nullptr;
  auto& figures = *counters.load(relaxed);
  const std::int64_t growth = size_of(block) - size_before;
  figures.allocations.fetch_add(1, relaxed);
  raise_peak(figures, figures.live_bytes.fetch_add(growth, relaxed) + growth);
  return block;
}

void count_freed(std::int64_t size) { counters.load(relaxed)->live_bytes.fetch_sub(size, relaxed); }

/// Maps the segment whose descriptor the environment variable names. Returns nullptr if that fails, silently:
/// a child of the program inherits the variable but not always the descriptor.
heap_counters* shared_counters() {
  const char* text = std::getenv(farebench::heap_count_variable);
  if (text == nullptr || *text == '\0') return nullptr;
  char* end = nullptr;
  const long descriptor = std::strtol(text, &end, 10);
  struct stat file{};
  if (*end != '\0' || descriptor < 0 || ::fstat(static_cast<int>(descriptor), &file) != 0 ||
      !S_ISREG(file.st_mode) || file.st_size < static_cast<off_t>(sizeof(heap_counters)))
    return nullptr;
  void* mapped = ::mmap(nullptr, sizeof(heap_counters), PROT_READ | PROT_WRITE, MAP_SHARED,
                        static_cast<int>(descriptor), 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* shared = static_cast<heap_counters*>(mapped);
  // The first process that attaches owns the segment, after an exec too. Its children inherit variable and
  // descriptor, but their heaps must not be counted.
  const std::int64_t self = ::getpid();
  std::int64_t owner = 0;
  if (shared->magic.load(relaxed) == heap_counters::expected_magic &&
      (shared->process_id.compare_exchange_strong(owner, self, relaxed) || owner == self))
    return shared;
  ::munmap(mapped, sizeof(heap_counters));
  return nullptr;
}

/// Called in a forked child, whose heap is its own. Its figures lack the parent's heap and are never read.
void leave_shared_counters() { counters.store(&own_counters, relaxed); }

// Runs as one of the last constructors before main. The figures of the loader and of other constructors are
// carried over.
__attribute__((constructor)) void attach() {
  const int errno_before = errno;
  if (heap_counters* shared = shared_counters()) {
    shared->allocations.store(own_counters.allocations.load(relaxed), relaxed);
    shared->live_bytes.store(own_counters.live_bytes.load(relaxed), relaxed);
    shared->peak_bytes.store(own_counters.peak_bytes.load(relaxed), relaxed);
    counters.store(shared, relaxed);
    ::pthread_atfork(nullptr, nullptr, leave_shared_counters);
  }
  errno = errno_before;
}

}  // namespace

// Declared as noexcept in <stdlib.h> and <malloc.h>.
extern "C" {

void* malloc(std::size_t size) noexcept { return count_allocated(__libc_malloc(size)); }

void* calloc(std::size_t count, std::size_t size) noexcept {
  return count_allocated(__libc_calloc(count, size));
}

void* realloc(void* block, std::size_t size) noexcept {
  const std::int64_t size_before = block != nullptr ? size_of(block) : 0;
  void* result = __libc_realloc(block, size);
  // Without a result the block was freed (size 0) or is unchanged (out of memory).
  if (result == nullptr && block != nullptr && size == 0) count_freed(size_before);
  return count_allocated(result, size_before);
}

void* reallocarray(void* block, std::size_t count, std::size_t size) noexcept {
  std::size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return realloc(block, bytes);
}

void free(void* block) noexcept {
  if (block == nullptr) return;
  // First, because another thread can get the block as soon as it is free.
  count_freed(size_of(block));
  __libc_free(block);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return count_allocated(__libc_memalign(alignment, size));
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return count_allocated(__libc_memalign(alignment, size));
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  if (alignment == 0 || alignment % sizeof(void*) != 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
  const int errno_before = errno;
  void* result = count_allocated(__libc_memalign(alignment, size));
  errno = errno_before;
  if (result == nullptr) return ENOMEM;
  *block = result;
  return 0;
}

void* valloc(std::size_t size) noexcept { return count_allocated(__libc_valloc(size)); }

void* pvalloc(std::size_t size) noexcept { return count_allocated(__libc_pvalloc(size)); }

}  // extern "C"
