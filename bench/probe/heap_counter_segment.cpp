#include "bench/probe/heap_counter_segment.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <new>

namespace farebench {
namespace {

/// Returns the path of the open library for LD_PRELOAD. LD_PRELOAD has no quoting: a path with a separator or
/// with `$` is replaced by that of the descriptor.
std::string preload_name(const std::filesystem::path& library, const file_descriptor& descriptor) {
  std::string path = std::filesystem::absolute(library).string();
  if (path.find_first_of(" :$\t\n") == std::string::npos) return path;
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(descriptor.get());
}

}  // namespace

heap_counter_segment::heap_counter_segment(const std::filesystem::path& library)
    : library_{::open(library.c_str(), O_RDONLY | O_CLOEXEC)} {
  if (library_.get() < 0) throw_system_error("open " + library.string());
  preload_name_ = preload_name(library, library_);
  memory_ = checked_descriptor(::memfd_create("heap_counters", MFD_CLOEXEC), "memfd_create");
  if (::ftruncate(memory_.get(), sizeof(heap_counters)) != 0) throw_system_error("ftruncate of a memfd");
  void* mapped = ::mmap(nullptr, sizeof(heap_counters), PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
  if (mapped == MAP_FAILED) throw_system_error("mmap of a memfd");
  counters_ = new (mapped) heap_counters{};
  counters_->magic = heap_counters::expected_magic;
}

heap_counter_segment::~heap_counter_segment() {
  if (counters_ != nullptr) ::munmap(counters_, sizeof(heap_counters));
}

heap_counter_segment::heap_counter_segment(heap_counter_segment&& other) noexcept
    : library_{std::move(other.library_)},
      preload_name_{std::move(other.preload_name_)},
      memory_{std::move(other.memory_)},
      counters_{std::exchange(other.counters_, nullptr)} {}

std::vector<std::pair<std::string, std::string>> heap_counter_segment::environment() const {
  const char* others = std::getenv("LD_PRELOAD");
  std::string preload = preload_name_;
  if (others != nullptr && *others != '\0') preload += std::string(":") + others;
  return {{"LD_PRELOAD", std::move(preload)}, {heap_count_variable, std::to_string(memory_.get())}};
}

heap_counter_segment::reading heap_counter_segment::read() const {
  constexpr auto relaxed = std::memory_order_relaxed;
  return {.allocations = counters_->allocations.load(relaxed),
          .live_bytes = counters_->live_bytes.load(relaxed),
          .peak_bytes = counters_->peak_bytes.load(relaxed),
          .attached = counters_->process_id.load(relaxed) != 0};
}

void heap_counter_segment::reset_peak() { counters_->peak_bytes = counters_->live_bytes.load(); }

}  // namespace farebench
