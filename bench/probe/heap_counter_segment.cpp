#include "bench/probe/heap_counter_segment.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <new>
#include <system_error>

#include "bench/probe/heap_counters.hpp"

namespace farebench {

namespace {

[[noreturn]] void throw_errno(const std::string& call) {
  throw std::system_error(errno, std::generic_category(), call);
}

/// LD_PRELOAD has no quoting: where the path holds one of its separators, or a `$`, which it
/// expands, the library goes by the name of our open descriptor instead.
std::string preload_name(const std::filesystem::path& library, int descriptor) {
  std::string path = std::filesystem::absolute(library).string();
  if (path.find_first_of(" :$\t\n") == std::string::npos) return path;
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(descriptor);
}

}  // namespace

// Delegating, so that a constructor that throws still runs the destructor.
heap_counter_segment::heap_counter_segment(const std::filesystem::path& library) : heap_counter_segment() {
  library_ = ::open(library.c_str(), O_RDONLY | O_CLOEXEC);
  if (library_ < 0) throw_errno("open " + library.string());
  preload_name_ = preload_name(library, library_);
  memory_ = ::memfd_create("heap_counters", MFD_CLOEXEC);
  if (memory_ < 0) throw_errno("memfd_create");
  if (::ftruncate(memory_, sizeof(heap_counters)) != 0) throw_errno("ftruncate of a memfd");
  void* mapped = ::mmap(nullptr, sizeof(heap_counters), PROT_READ | PROT_WRITE, MAP_SHARED, memory_, 0);
  if (mapped == MAP_FAILED) throw_errno("mmap of a memfd");
  counters_ = new (mapped) heap_counters{};
  counters_->magic = heap_counters::expected_magic;
}

heap_counter_segment::~heap_counter_segment() {
  if (counters_ != nullptr) ::munmap(counters_, sizeof(heap_counters));
  if (memory_ >= 0) ::close(memory_);
  if (library_ >= 0) ::close(library_);
}

heap_counter_segment::heap_counter_segment(heap_counter_segment&& other) noexcept : heap_counter_segment() {
  *this = std::move(other);
}

heap_counter_segment& heap_counter_segment::operator=(heap_counter_segment&& other) noexcept {
  std::swap(preload_name_, other.preload_name_);
  std::swap(library_, other.library_);
  std::swap(memory_, other.memory_);
  std::swap(counters_, other.counters_);
  return *this;
}

std::vector<std::pair<std::string, std::string>> heap_counter_segment::environment() const {
  const char* others = std::getenv("LD_PRELOAD");
  std::string preload = preload_name_;
  if (others != nullptr && *others != '\0') preload += std::string(":") + others;
  return {{"LD_PRELOAD", std::move(preload)}, {heap_count_variable, std::to_string(memory_)}};
}

heap_counter_segment::reading heap_counter_segment::read() const {
  constexpr auto relaxed = std::memory_order_relaxed;
  return {.allocations = counters_->allocations.load(relaxed),
          .live_bytes = counters_->live_bytes.load(relaxed),
          .peak_bytes = counters_->peak_bytes.load(relaxed),
          .attached = counters_->process_id.load(relaxed) != 0};
}

void heap_counter_segment::restart_peak() { counters_->peak_bytes = counters_->live_bytes.load(); }

}  // namespace farebench
