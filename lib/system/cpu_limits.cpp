#include "lib/system/cpu_limits.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <utility>

#include "lib/system/file_descriptor.hpp"

namespace farebench {
namespace {

namespace fs = std::filesystem;

// Place of this process in the hierarchy that has a controller.
struct own_group {
  bool is_version_1;
  std::string path;
};

// Returns whether a comma-separated list has the item.
bool has_item(const std::string& list, std::string_view item) {
  std::istringstream items{list};
  for (std::string one; std::getline(items, one, ',');)
    if (one == item) return true;
  return false;
}

// /proc/self/cgroup has a line "4:cpu,cpuacct:/group" per hierarchy of version 1 and "0::/group" for version
// 2, which has the controllers that no other line names.
std::optional<own_group> find_own_group(std::string_view controller, const fs::path& root) {
  std::ifstream file{root / "proc/self/cgroup"};
  std::optional<own_group> unified;
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    if (has_item(controllers, controller)) return own_group{true, line.substr(second + 1)};
    if (controllers.empty()) unified = {false, line.substr(second + 1)};
  }
  return unified;
}

// Replaces the octal escapes of mountinfo: "\040" is a blank.
std::string unescape(std::string_view text) {
  constexpr std::size_t digits = 3;
  std::string out;
  for (; !text.empty(); text.remove_prefix(1)) {
    unsigned char code = 0;
    if (text.size() > digits && text.front() == '\\' &&
        std::from_chars(text.data() + 1, text.data() + 1 + digits, code, 8).ec == std::errc{}) {
      out += static_cast<char>(code);
      text.remove_prefix(digits);
    } else {
      out += text.front();
    }
  }
  return out;
}

std::string first_line(const fs::path& path) {
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<double> quota_of(const fs::path& group) {
  std::int64_t quota_us = 0;
  std::int64_t period_us = 0;
  // Version 2: "20000 100000", or "max 100000" without a quota.
  std::ifstream version_2{group / "cpu.max"};
  if (!(version_2 >> quota_us >> period_us)) {
    std::ifstream{group / "cpu.cfs_quota_us"} >> quota_us;
    std::ifstream{group / "cpu.cfs_period_us"} >> period_us;
  }
  // Version 1 has −1 without a quota.
  if (quota_us <= 0 || period_us <= 0) return std::nullopt;
  return static_cast<double>(quota_us) / static_cast<double>(period_us);
}

std::size_t count_usable_cpus() {
  // The kernel supports at most 8,192 processors.
  std::array<cpu_set_t, 8> usable{};
  if (::sched_getaffinity(0, sizeof usable, usable.data()) != 0) throw_system_error("sched_getaffinity");
  return static_cast<std::size_t>(CPU_COUNT_S(sizeof usable, usable.data()));
}

std::string read_cpuset(const fs::path& root) {
  for (const auto& group : control_groups("cpuset", root)) {
    // Version 2, then version 1.
    for (const char* name : {"cpuset.cpus.effective", "cpuset.effective_cpus"}) {
      if (auto cpus = first_line(group / name); !cpus.empty())
        return cpus == first_line(root / "sys/devices/system/cpu/online") ? std::string{} : cpus;
    }
  }
  return {};
}

}  // namespace

std::vector<fs::path> control_groups(std::string_view controller, const fs::path& root) {
  const auto own = find_own_group(controller, root);
  if (!own) return {};
  std::ifstream file{root / "proc/self/mountinfo"};
  std::vector<fs::path> groups;
  for (std::string line; std::getline(file, line);) {
    // "32 31 0:29 /group /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu", where /group is mounted.
    std::istringstream fields{line};
    std::string field;
    std::string mount_root;
    std::string mount_point;
    std::string type;
    std::string options;
    fields >> field >> field >> field >> mount_root >> mount_point;
    while (fields >> field && field != "-") {
    }
    fields >> type >> field >> options;
    if (own->is_version_1 ? type != "cgroup" || !has_item(options, controller) : type != "cgroup2") continue;
    auto path = fs::path{own->path}.lexically_relative(unescape(mount_root));
    if (path.empty() || *path.begin() == "..") continue;
    if (path == ".") path.clear();
    const auto top = root / fs::path{unescape(mount_point)}.relative_path();
    std::vector<fs::path> levels;
    for (; !path.empty(); path = path.parent_path()) levels.push_back(top / path);
    levels.push_back(top);
    // Of several mounts, the one that shows most groups.
    if (levels.size() > groups.size()) groups = std::move(levels);
  }
  return groups;
}

cpu_limits read_cpu_limits(const fs::path& root) {
  cpu_limits limits{.usable_cpus = count_usable_cpus(), .cpuset = read_cpuset(root)};
  for (const auto& group : control_groups("cpu", root)) {
    if (const auto quota = quota_of(group)) limits.quota = std::min(*quota, limits.quota.value_or(*quota));
  }
  return limits;
}

std::optional<std::chrono::nanoseconds> throttled_time(const fs::path& root) {
  std::optional<std::chrono::nanoseconds> sum;
  for (const auto& group : control_groups("cpu", root)) {
    std::ifstream stat{group / "cpu.stat"};
    std::string name;
    // Groups without a quota have zeros or lack the field.
    for (std::uint64_t value = 0; stat >> name >> value;) {
      sum = sum.value_or(std::chrono::nanoseconds{0});
      // Version 2, then version 1.
      if (name == "throttled_usec") *sum += std::chrono::microseconds{value};
      if (name == "throttled_time") *sum += std::chrono::nanoseconds{value};
    }
  }
  return sum;
}

}  // namespace farebench
