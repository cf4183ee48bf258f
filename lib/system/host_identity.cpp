#include "lib/system/host_identity.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdint>
#include <fstream>
#include <string_view>

#include "lib/system/file_descriptor.hpp"

namespace farebench {
namespace {

std::string boot_id() {
  constexpr const char* path = "/proc/sys/kernel/random/boot_id";
  std::ifstream file{path};
  std::string id;
  if (!std::getline(file, id) || id.empty()) throw_system_error(std::string{"read "} + path);
  return id;
}

/// FNV-1a of 64 bits.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return value;
}

}  // namespace

std::string machine_id() { return fmt::format("{:016x}", hash("machine " + boot_id())).substr(0, 8); }

std::string network_id() {
  constexpr const char* path = "/proc/self/ns/net";
  struct stat network{};
  if (::stat(path, &network) != 0) throw_system_error(std::string{"stat "} + path);
  return fmt::format("{:016x}", hash(fmt::format("network {} {}", boot_id(), network.st_ino)));
}

}  // namespace farebench
