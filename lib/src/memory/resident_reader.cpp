#include <unistd.h>

#include <array>

#include "farebench/resident_memory.hpp"

namespace farebench {

resident_reader::resident_reader(pid_t pid)
    : statm_(pid, "statm"), page_bytes_(static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))) {}

std::expected<resident_memory, memory_error> resident_reader::read() const {
  std::array<char, 256> text;  // seven numbers
  const auto said = statm_.read(text);
  if (!said) return std::unexpected(said.error());
  return parse_statm(*said, page_bytes_);
}

}  // namespace farebench
