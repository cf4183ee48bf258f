#include <array>

#include "farebench/memory_snapshot.hpp"

namespace farebench {

memory_reader::memory_reader(pid_t pid) : status_(pid, "status") {}

std::expected<memory_snapshot, memory_error> memory_reader::read() const {
  // The text has about 1.5 KB, more on a machine with very many CPUs, whose masks come after every field
  // that is wanted.
  std::array<char, 8192> text;
  const auto said = status_.read(text);
  if (!said) return std::unexpected(said.error());
  return parse_status(*said);
}

std::expected<memory_snapshot, memory_error> read_memory_snapshot(pid_t pid) {
  return memory_reader(pid).read();
}

}  // namespace farebench
