#include "farebench/fiber_stacks.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <new>
#include <system_error>

namespace farebench {
namespace {

std::size_t page_bytes() {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

/// How many memory maps a process may have; Linux's default where the kernel does not tell.
std::size_t most_maps() {
  std::size_t most = 65'530;
  std::ifstream{"/proc/sys/vm/max_map_count"} >> most;
  return most;
}

[[noreturn]] void throw_errno(const char* call) {
  throw std::system_error{errno, std::generic_category(), call};
}

}  // namespace

fiber_stacks::fiber_stacks(std::size_t count, std::size_t stack_bytes)
    : stack_bytes_{(stack_bytes + page_bytes() - 1) / page_bytes() * page_bytes()},
      guarded_{2 * count <= most_maps() / 2} {
  const std::size_t guard_bytes = guarded_ ? page_bytes() : 0;
  mapped_bytes_ = count * (stack_bytes_ + guard_bytes);
  if (mapped_bytes_ == 0) mapped_bytes_ = page_bytes();
  void* const mapped = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (mapped == MAP_FAILED) throw_errno("mmap of fiber stacks");
  mapped_ = static_cast<std::byte*>(mapped);
  // A huge page under a stack would make all of it resident at the first touch. Where there are none, there
  // is nothing to refuse.
  madvise(mapped_, mapped_bytes_, MADV_NOHUGEPAGE);

  free_tops_.reserve(count);
  for (std::size_t i = count; i-- > 0;) {
    std::byte* const low = mapped_ + i * (stack_bytes_ + guard_bytes);
    if (guarded_ && mprotect(low, guard_bytes, PROT_NONE) != 0) {
      const int error = errno;
      munmap(mapped_, mapped_bytes_);
      throw std::system_error{error, std::generic_category(), "mprotect of a fiber stack's guard"};
    }
    free_tops_.push_back(low + guard_bytes + stack_bytes_);
  }
}

fiber_stacks::~fiber_stacks() { munmap(mapped_, mapped_bytes_); }

void* fiber_stacks::take() {
  if (free_tops_.empty()) throw std::bad_alloc{};
  void* const top = free_tops_.back();
  free_tops_.pop_back();
  return top;
}

void fiber_stacks::give_back(void* top) { free_tops_.push_back(top); }

}  // namespace farebench
