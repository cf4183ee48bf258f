#include "lib/system/host_identity.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>

#include "lib/system/fnv1a.hpp"

namespace farebench {
namespace {

/// Returns "" if it is unknown.
std::string boot_id() {
  std::ifstream file{"/proc/sys/kernel/random/boot_id"};
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace

std::string machine_id() {
  const auto boot = boot_id();
  return boot.empty() ? "" : fmt::format("{:016x}", fnv1a_64("machine " + boot)).substr(0, 8);
}

std::string network_id() {
  const auto boot = boot_id();
  struct stat network{};
  if (boot.empty() || ::stat("/proc/self/ns/net", &network) != 0) return {};
  return fmt::format("{:016x}", fnv1a_64(fmt::format("network {} {}", boot, network.st_ino)));
}

}  // namespace farebench
