// Does known things to its heap. Between the steps it waits for a byte on standard input and says
// with a line on standard output what it did: "allocations live peak", by its own reckoning, since
// the step began. It prints with write(2), which allocates nothing.

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace {

/// Volatile, or the compiler refuses what is to be refused by the allocator.
volatile std::size_t too_much = SIZE_MAX / 2;

struct reckoning {
  long allocations = 0;
  long live = 0;
  long peak = 0;

  void* took(void* block) {
    if (block == nullptr) std::abort();
    ++allocations;
    live += static_cast<long>(::malloc_usable_size(block));
    peak = std::max(peak, live);
    return block;
  }
  void give_back(void* block) {
    live -= static_cast<long>(::malloc_usable_size(block));
    std::free(block);
  }
};

bool all_zero(const void* block, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(block);
  return std::all_of(bytes, bytes + size, [](unsigned char byte) { return byte == 0; });
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::perror(what);
  std::_Exit(1);
}

void plain(reckoning& sum) {
  void* first = sum.took(std::malloc(1000));
  void* second = sum.took(std::malloc(5'000'000));
  sum.give_back(second);
  void* empty = sum.took(std::malloc(0));
  sum.give_back(empty);
  sum.give_back(first);
  std::free(nullptr);
}

/// Leaves 3,000 bytes and a few live.
void leak(reckoning& sum) { sum.took(std::malloc(3000)); }

void grow_and_shrink(reckoning& sum) {
  const auto resized = [&sum](void* block, std::size_t size) {
    const long before = block ? static_cast<long>(::malloc_usable_size(block)) : 0;
    void* result = std::realloc(block, size);
    require(result != nullptr, "realloc");
    ++sum.allocations;
    sum.live += static_cast<long>(::malloc_usable_size(result)) - before;
    sum.peak = std::max(sum.peak, sum.live);
    return result;
  };
  void* block = resized(nullptr, 100);
  std::memset(block, 7, 100);
  block = resized(block, 3'000'000);
  require(static_cast<unsigned char*>(block)[99] == 7, "realloc kept the bytes");
  block = resized(block, 10);
  errno = 0;
  require(std::realloc(block, too_much) == nullptr && errno == ENOMEM, "an impossible realloc");
  require(::reallocarray(block, too_much, 3) == nullptr && errno == ENOMEM, "an overflowing reallocarray");
  const long before = static_cast<long>(::malloc_usable_size(block));
  void* freed = std::realloc(block, 0);
  require(freed == nullptr, "realloc to 0 frees");
  sum.live -= before;
  sum.give_back(sum.took(::reallocarray(nullptr, 30, 7)));
}

void zeroed(reckoning& sum) {
  // A block that is dirty when it comes back from the free list must be clean all the same.
  void* dirty = sum.took(std::malloc(4000));
  std::memset(dirty, 255, 4000);
  sum.give_back(dirty);
  void* block = sum.took(std::calloc(40, 100));
  require(all_zero(block, 4000), "calloc clears");
  sum.give_back(block);
  errno = 0;
  require(std::calloc(too_much, 3) == nullptr && errno == ENOMEM, "an overflowing calloc");
}

void aligned(reckoning& sum) {
  const auto check = [&sum](void* block, std::size_t alignment) {
    require(reinterpret_cast<std::uintptr_t>(block) % alignment == 0, "alignment");
    sum.give_back(sum.took(block));
  };
  void* block = nullptr;
  errno = 77;
  require(::posix_memalign(&block, 256, 1000) == 0, "posix_memalign");
  check(block, 256);
  require(::posix_memalign(&block, 24, 1000) == EINVAL, "posix_memalign refuses 24");
  require(::posix_memalign(&block, 0, 1000) == EINVAL, "posix_memalign refuses 0");
  require(::posix_memalign(&block, 64, too_much) == ENOMEM, "posix_memalign has not so much");
  require(errno == 77, "errno stays as it was");
  check(::aligned_alloc(64, 128), 64);
  check(::memalign(4096, 10), 4096);
  check(::valloc(10), 4096);
  check(::pvalloc(10), 4096);
}

void cpp(reckoning& sum) {
  auto* numbers = new long[500];
  sum.took(numbers);
  sum.live -= static_cast<long>(::malloc_usable_size(numbers));
  delete[] numbers;
}

/// Eight threads, 10,000 blocks each. Their starting allocates too: all of it is in `leak`'s style
/// of the C library, so the harness looks at the balance of the work alone, which is 0.
void threads(reckoning& sum) {
  constexpr int workers = 8;
  constexpr int blocks = 10'000;
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::atomic<int> done{0};
  std::atomic<bool> leave{false};
  std::thread pool[workers];
  for (auto& worker : pool)
    worker = std::thread([&] {
      std::free(std::malloc(1));  // makes the thread's cache
      ++ready;
      while (!go) std::this_thread::yield();
      for (int i = 0; i < blocks; ++i) {
        void* block = std::malloc(static_cast<std::size_t>(16 + i % 2000));
        void* const resized = i % 3 == 0 ? std::realloc(block, 5000) : block;
        if (resized == nullptr) std::abort();
        std::free(resized);
      }
      ++done;
      while (!leave) std::this_thread::yield();
    });
  while (ready != workers) std::this_thread::yield();
  const char begin = 'b';
  require(::write(STDOUT_FILENO, &begin, 1) == 1, "write");
  char go_on;
  require(::read(STDIN_FILENO, &go_on, 1) == 1, "read");
  go = true;
  while (done != workers) std::this_thread::yield();
  sum.allocations = workers * (blocks + (blocks + 2) / 3);
  const char end = 'e';
  require(::write(STDOUT_FILENO, &end, 1) == 1, "write");
  require(::read(STDIN_FILENO, &go_on, 1) == 1, "read");
  leave = true;
  for (auto& worker : pool) worker.join();
}

/// Changes the heap in a forked child and in a program that it starts, which must not count.
void fork_and_exec(reckoning& sum) {
  void* block = sum.took(std::malloc(2000));
  const auto in_child = [&](auto work) {
    const pid_t child = ::fork();
    if (child == 0) {
      work();
      std::_Exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    require(status == 0, "the child");
  };
  in_child([&] {
    std::free(block);
    for (int i = 0; i < 100; ++i) std::malloc(1000);
  });
  in_child([] { ::execl("/proc/self/exe", "sample", "allocate", nullptr); });
  sum.give_back(block);
}

using step = void (*)(reckoning&);
struct named_step {
  const char* name;
  step run;
};
constexpr named_step steps[] = {
    {"plain", plain},     {"leak", leak}, {"realloc", grow_and_shrink}, {"calloc", zeroed},
    {"aligned", aligned}, {"cpp", cpp},   {"threads", threads},         {"fork", fork_and_exec},
};

bool wait_for_command() {
  char byte;
  return ::read(STDIN_FILENO, &byte, 1) == 1;
}

void say(const reckoning& sum) {
  char line[100];
  const int size = std::snprintf(line, sizeof line, "%ld %ld %ld\n", sum.allocations, sum.live, sum.peak);
  require(::write(STDOUT_FILENO, line, static_cast<std::size_t>(size)) == size, "write");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "exec") == 0) {
    std::malloc(1'000'000);  // of an image that has gone when the next one counts
    ::execl(argv[0], argv[0], argv[2], nullptr);
    return 1;
  }
  if (argc == 2 && std::strcmp(argv[1], "allocate") == 0) {
    for (int i = 0; i < 100; ++i) std::malloc(1000);
    return 0;
  }
  for (const auto& [name, run] : steps) {
    if (argc != 2 || std::strcmp(argv[1], name) != 0) continue;
    say({});
    if (!wait_for_command()) return 0;
    reckoning sum;
    run(sum);
    say(sum);
    wait_for_command();
    return 0;
  }
  return 2;
}
