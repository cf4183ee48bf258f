#include "lib/system/host_identity.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdint>
#include <fstream>
#include <string_view>

namespace farebench {
namespace {

/// Returns "" if it is unknown.
std::string boot_id() {
  std::ifstream file{"/proc/sys/kernel/random/boot_id"};
  std::string id;
  std::getline(file, id);
  return id;
}

/// FNV-1a of 64 bits.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return value;
}

}  // namespace

std::string machine_id() {
  const auto boot = boot_id();
  return boot.empty() ? "" : fmt::format("{:016x}", hash("machine " + boot)).substr(0, 8);
}

std::string network_id() {
  const auto boot = boot_id();
  struct stat network{};
  if (boot.empty() || ::stat("/proc/self/ns/net", &network) != 0) return {};
  return fmt::format("{:016x}", hash(fmt::format("network {} {}", boot, network.st_ino)));
}

}  // namespace farebench
