#include "bench/probe/get_task.hpp"

#include <zlib.h>

namespace farebench {

std::string path_of_page(std::size_t index) { return "/page/" + std::to_string(index); }

void page_digest::append(std::size_t index, std::string_view chunk) {
  crcs_[index] = static_cast<std::uint32_t>(
      crc32_z(crcs_[index], reinterpret_cast<const Bytef*>(chunk.data()), chunk.size()));
}

}  // namespace farebench
