#include "mock_server/process/sibling.hpp"

#include <stdexcept>

namespace farebench {

std::filesystem::path sibling_path(std::string_view name) {
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
  if (!std::filesystem::exists(path)) {
    throw std::runtime_error(path.string() + " is not there: build the target " + std::string{name});
  }
  return path;
}

}  // namespace farebench
