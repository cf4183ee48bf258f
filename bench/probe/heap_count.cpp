#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "bench/probe/heap_counters.hpp"

// libheap_count.so, for LD_PRELOAD: counts what a program asks of the allocator, libcurl's and the
// interpreter's own requests too, and passes everything on to glibc. It never prints, never
// allocates, and links nothing but libc, so that the program's heap is the same with it as without.
//
// The entry points are glibc's __libc_* and not dlsym(RTLD_NEXT, …), which allocates: so there is
// no bootstrap, and calls from before any constructor has run are served and counted as all others.

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

// Zero before anything runs, so that the first allocation of all can be counted.
constinit heap_counters own_counters{};
constinit std::atomic<heap_counters*> counters{&own_counters};

std::int64_t size_of(void* block) { return static_cast<std::int64_t>(::malloc_usable_size(block)); }

/// `live` is a value that live_bytes has had, and each is seen here by the thread that set it: so
/// the peak misses none.
void raise_peak(heap_counters& to, std::int64_t live) {
  auto peak = to.peak_bytes.load(relaxed);
  while (live > peak && !to.peak_bytes.compare_exchange_weak(peak, live, relaxed)) {
  }
}

void* counted(void* block, std::int64_t size_before = 0) {
  if (block == nullptr) return nullptr;
  auto& to = *counters.load(relaxed);
  const std::int64_t growth = size_of(block) - size_before;
  to.allocations.fetch_add(1, relaxed);
  raise_peak(to, to.live_bytes.fetch_add(growth, relaxed) + growth);
  return block;
}

void count_freed(std::int64_t size) { counters.load(relaxed)->live_bytes.fetch_sub(size, relaxed); }

/// The shared counters under the variable's descriptor, or null. Anything may have gone wrong there
/// (a child of the program inherits the variable, not always the descriptor), and nothing is said.
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
  // The first process to come takes them; it may exec (a wrapper does) and come again. Its children
  // have the variable and the descriptor too, and must not mix their heaps into its figures.
  const std::int64_t self = ::getpid();
  std::int64_t taker = 0;
  if (shared->magic.load(relaxed) == heap_counters::expected_magic &&
      (shared->process_id.compare_exchange_strong(taker, self, relaxed) || taker == self))
    return shared;
  ::munmap(mapped, sizeof(heap_counters));
  return nullptr;
}

/// A forked child has a heap of its own from here on. Its figures begin with its parent's heap
/// missing, which is why nobody reads them.
void leave_shared_counters() { counters.store(&own_counters, relaxed); }

// The preloaded library's constructor is one of the last before main: what has been counted until
// then, by the loader and by other libraries' constructors, is carried over.
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

// The declarations are in <stdlib.h> and <malloc.h>, marked noexcept.
extern "C" {

void* malloc(std::size_t size) noexcept { return counted(__libc_malloc(size)); }

void* calloc(std::size_t count, std::size_t size) noexcept { return counted(__libc_calloc(count, size)); }

void* realloc(void* block, std::size_t size) noexcept {
  const std::int64_t size_before = block != nullptr ? size_of(block) : 0;
  void* result = __libc_realloc(block, size);
  // No result: freed, as glibc does for size 0, or else refused, and then the block is as it was.
  if (result == nullptr && block != nullptr && size == 0) count_freed(size_before);
  return counted(result, size_before);
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
  // Before the block goes: as soon as it has, another thread may be given it.
  count_freed(size_of(block));
  __libc_free(block);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return counted(__libc_memalign(alignment, size));
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return counted(__libc_memalign(alignment, size));
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  if (alignment == 0 || alignment % sizeof(void*) != 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
  const int errno_before = errno;
  void* result = counted(__libc_memalign(alignment, size));
  errno = errno_before;
  if (result == nullptr) return ENOMEM;
  *block = result;
  return 0;
}

void* valloc(std::size_t size) noexcept { return counted(__libc_valloc(size)); }

void* pvalloc(std::size_t size) noexcept { return counted(__libc_pvalloc(size)); }

}  // extern "C"
