#include "tests/soak/creep.hpp"

#include <fmt/format.h>

#include <optional>

#include "tests/soak/recorded_batch.hpp"

namespace farebench::soak {

std::string creep_of_this_process() {
  constexpr int warm_after = 5;
  constexpr std::int64_t heap_bytes = 1024 * 1024;
  static int calls = 0;
  static held_resources first;
  const auto now = held_now();
  if (++calls <= warm_after) {
    first = now;
    return {};
  }
  if (now.descriptors <= first.descriptors && now.threads <= first.threads &&
      now.heap_bytes <= first.heap_bytes + heap_bytes) {
    return {};
  }
  auto text =
      fmt::format("over {} cases: {} descriptors, {} threads and {} bytes of heap more", calls - warm_after,
                  static_cast<std::int64_t>(now.descriptors) - static_cast<std::int64_t>(first.descriptors),
                  static_cast<std::int64_t>(now.threads) - static_cast<std::int64_t>(first.threads),
                  now.heap_bytes - first.heap_bytes);
  first = now;  // said once
  return text;
}

}  // namespace farebench::soak
