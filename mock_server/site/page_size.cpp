#include "mock_server/site/page_size.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace farebench {

void check_page_kb(std::size_t page_kb) {
  if (page_kb >= min_page_kb && page_kb <= max_page_kb) return;
  throw std::invalid_argument(
      fmt::format("a page of {} KiB: choose {} to {} KiB", page_kb, min_page_kb, max_page_kb));
}

}  // namespace farebench
