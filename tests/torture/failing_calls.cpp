#include "tests/torture/failing_calls.hpp"

#include <curl/curl.h>
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <string>

namespace {

// True while this thread runs a sanitizer's own code, whose calls do not fail.
thread_local bool in_sanitizer = false;

/// Calls of one function that fail. Zero-initialized, as malloc is called before any constructor runs.
struct call_plan {
  std::atomic<bool> counts = false;
  std::atomic<std::size_t> calls = 0;
  // Number of the first failing call; 0 if none fails.
  std::atomic<std::size_t> first = 0;
  std::atomic<std::size_t> count = 0;
  std::atomic<std::size_t> failed = 0;

  bool fails() {
    if (!counts.load(std::memory_order_acquire) || in_sanitizer) return false;
    const std::size_t from = first;
    const std::size_t call = ++calls;
    if (from == 0 || call < from || call - from >= count) return false;
    ++failed;
    return true;
  }
};

enum planned_function : std::size_t {
  allocation,
  mmap_call,
  pthread_create_call,
  epoll_create1_call,
  epoll_ctl_call,
  eventfd_call,
  socket_call,
  connect_call,
  send_call,
  recv_call,
  curl_easy_init_call,
  socketpair_call,
  functions
};

constexpr std::array<std::string_view, functions> names{
    "allocation", "mmap",    "pthread_create", "epoll_create1", "epoll_ctl",      "eventfd",
    "socket",     "connect", "send",           "recv",          "curl_easy_init", "socketpair"};

constinit std::array<call_plan, functions> plans{};
constinit std::atomic<std::int64_t> live{0};
call_plan* planned = nullptr;

bool fails(planned_function which) { return plans[which].fails(); }
bool fails(planned_function which, int with_errno) {
  if (!plans[which].fails()) return false;
  errno = with_errno;
  return true;
}

/// Returns the library's function of that name. This program's own definition hides it.
template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// Other names of glibc's or AddressSanitizer's allocator: dlsym would allocate.
// NOLINTBEGIN(clang-diagnostic-reserved-identifier, readability-identifier-naming)
#if defined(FAREBENCH_OVER_ASAN)
#define FAREBENCH_REAL(name) __interceptor_##name
#else
#define FAREBENCH_REAL(name) __libc_##name
#endif
extern "C" {
void* FAREBENCH_REAL(malloc)(std::size_t size);
void* FAREBENCH_REAL(calloc)(std::size_t count, std::size_t size);
void* FAREBENCH_REAL(realloc)(void* block, std::size_t size);
void* FAREBENCH_REAL(memalign)(std::size_t alignment, std::size_t size);
void FAREBENCH_REAL(free)(void* block);
#if defined(FAREBENCH_OVER_ASAN)
int FAREBENCH_REAL(pthread_create)(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                                   void* argument);
#endif
}
// NOLINTEND(clang-diagnostic-reserved-identifier, readability-identifier-naming)

namespace {

void* counted(void* block) {
  if (block) live.fetch_add(1, std::memory_order_relaxed);
  return block;
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) noexcept {
  return fails(allocation, ENOMEM) ? nullptr : counted(FAREBENCH_REAL(malloc)(size));
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  return fails(allocation, ENOMEM) ? nullptr : counted(FAREBENCH_REAL(calloc)(count, size));
}

void* realloc(void* block, std::size_t size) noexcept {
  if (fails(allocation, ENOMEM)) return nullptr;
  void* const moved = FAREBENCH_REAL(realloc)(block, size);
  if (block == nullptr) return counted(moved);
  if (moved == nullptr && size == 0) live.fetch_sub(1, std::memory_order_relaxed);
  return moved;
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return fails(allocation, ENOMEM) ? nullptr : counted(FAREBENCH_REAL(memalign)(alignment, size));
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept { return memalign(alignment, size); }

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  void* const result = memalign(alignment, size);
  if (result == nullptr) return ENOMEM;
  *block = result;
  return 0;
}

void free(void* block) noexcept {
  if (block) live.fetch_sub(1, std::memory_order_relaxed);
  FAREBENCH_REAL(free)(block);
}

void* mmap(void* address, std::size_t size, int protection, int flags, int descriptor,
           off_t offset) noexcept {
  static auto* const real = next<decltype(::mmap)>("mmap");
  return fails(mmap_call, ENOMEM) ? MAP_FAILED : real(address, size, protection, flags, descriptor, offset);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) {
#if defined(FAREBENCH_OVER_ASAN)
  // AddressSanitizer must know each thread, and dlsym may return glibc's function.
  constexpr auto* real = FAREBENCH_REAL(pthread_create);
#else
  static auto* const real = next<decltype(::pthread_create)>("pthread_create");
#endif
  return fails(pthread_create_call) ? EAGAIN : real(thread, attributes, start, argument);
}

int epoll_create1(int flags) noexcept {
  static auto* const real = next<decltype(::epoll_create1)>("epoll_create1");
  return fails(epoll_create1_call, EMFILE) ? -1 : real(flags);
}

int epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) noexcept {
  static auto* const real = next<decltype(::epoll_ctl)>("epoll_ctl");
  if (operation != EPOLL_CTL_DEL && fails(epoll_ctl_call, ENOSPC)) return -1;
  return real(epoll, operation, descriptor, event);
}

int eventfd(unsigned value, int flags) noexcept {
  static auto* const real = next<decltype(::eventfd)>("eventfd");
  return fails(eventfd_call, EMFILE) ? -1 : real(value, flags);
}

int socketpair(int domain, int type, int protocol, int ends[2]) noexcept {
  static auto* const real = next<decltype(::socketpair)>("socketpair");
  return fails(socketpair_call, EMFILE) ? -1 : real(domain, type, protocol, ends);
}

int socket(int domain, int type, int protocol) noexcept {
  static auto* const real = next<decltype(::socket)>("socket");
  return fails(socket_call, EMFILE) ? -1 : real(domain, type, protocol);
}

int connect(int descriptor, const sockaddr* address, socklen_t size) {
  static auto* const real = next<decltype(::connect)>("connect");
  return fails(connect_call, EADDRNOTAVAIL) ? -1 : real(descriptor, address, size);
}

ssize_t send(int descriptor, const void* bytes, std::size_t size, int flags) {
  static auto* const real = next<decltype(::send)>("send");
  return fails(send_call, ECONNRESET) ? -1 : real(descriptor, bytes, size, flags);
}

ssize_t recv(int descriptor, void* bytes, std::size_t size, int flags) {
  static auto* const real = next<decltype(::recv)>("recv");
  return fails(recv_call, ECONNRESET) ? -1 : real(descriptor, bytes, size, flags);
}

CURL* curl_easy_init(void) {
  static auto* const real = next<CURL*()>("curl_easy_init");
  return fails(curl_easy_init_call) ? nullptr : real();
}

}  // extern "C"

#if defined(FAREBENCH_OVER_ASAN)
// AddressSanitizer calls this for each new thread and ends the process if it fails.
extern "C" int pthread_getattr_np(pthread_t thread, pthread_attr_t* attributes) noexcept {
  static auto* const real = next<decltype(::pthread_getattr_np)>("pthread_getattr_np");
  in_sanitizer = true;
  const int failed = real(thread, attributes);
  in_sanitizer = false;
  return failed;
}

// AddressSanitizer's operator new does not call malloc. Not inlined, as GCC would warn of mismatched free.
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return malloc(bytes == 0 ? 1 : bytes);
}
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (void* const block = operator new(bytes, std::nothrow)) return block;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new[](std::size_t bytes) { return operator new(bytes); }
[[gnu::noinline]] void operator delete(void* block) noexcept { free(block); }
[[gnu::noinline]] void operator delete[](void* block) noexcept { free(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { free(block); }
[[gnu::noinline]] void operator delete[](void* block, std::size_t) noexcept { free(block); }
#endif

namespace farebench::test {

std::span<const std::string_view> functions_that_can_fail() {
  // Only libcurl calls socketpair, the last name. Since 8.9.0 it calls eventfd instead.
  const bool is_called = curl_version_info(CURLVERSION_NOW)->version_num < CURL_VERSION_BITS(8, 9, 0);
  return std::span{names}.first(is_called ? names.size() : names.size() - 1);
}

failing_calls::failing_calls(std::string_view function, std::size_t first, std::size_t count) {
  const auto found = std::ranges::find(names, function);
  if (found == names.end()) throw std::invalid_argument{std::string{function}};
  planned = &plans[static_cast<std::size_t>(found - names.begin())];
  planned->calls = 0;
  planned->failed = 0;
  planned->count = count;
  planned->first = first;
  planned->counts = true;
}

failing_calls::~failing_calls() { planned->counts = false; }

std::size_t failing_calls::calls() const { return planned->calls; }
std::size_t failing_calls::failed() const { return planned->failed; }

std::int64_t live_allocations() {
#if defined(FAREBENCH_OVER_ASAN)
  return 0;
#else
  return live;
#endif
}

}  // namespace farebench::test
