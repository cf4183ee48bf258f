#pragma once

#include <cstddef>
#include <ostream>

namespace farebench::test {

/// What this process holds of the kernel's now, to be compared with before.
struct resource_counts {
  std::size_t descriptors;
  std::size_t threads;

  bool operator==(const resource_counts&) const = default;
};

resource_counts open_resources();

inline std::ostream& operator<<(std::ostream& out, const resource_counts& counts) {
  return out << counts.descriptors << " descriptors, " << counts.threads << " threads";
}

}  // namespace farebench::test
