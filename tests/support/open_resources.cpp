#include "tests/support/open_resources.hpp"

#include <filesystem>
#include <iterator>

namespace farebench::test {
namespace {

std::size_t entries(const char* folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder}, {}));
}

}  // namespace

resource_counts open_resources() { return {entries("/proc/self/fd"), entries("/proc/self/task")}; }

}  // namespace farebench::test
