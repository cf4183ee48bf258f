#include "bench/track/machine/machine_load.hpp"

#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace farebench::track {
namespace {

std::string text_of(const char* path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

machine_load load_now() { return parse_load(text_of("/proc/loadavg"), text_of("/proc/stat")); }

machine_load parse_load(std::string_view loadavg, std::string_view stat) {
  machine_load now;
  std::istringstream{std::string{loadavg}} >> now.load_average;
  std::istringstream line{std::string{stat.substr(0, stat.find('\n'))}};
  std::string name;
  line >> name;
  // user nice system idle iowait irq softirq steal; guest time, which follows, is within user's.
  std::array<std::uint64_t, 8> fields{};
  for (auto& field : fields) {
    if (!(line >> field)) field = 0;
    now.ticks += field;
  }
  now.idle_ticks = fields[3] + fields[4];
  now.stolen_ticks = fields[7];
  return now;
}

double steal_percent(const machine_load& before, const machine_load& after) {
  return percent(after.stolen_ticks - before.stolen_ticks, after.ticks - before.ticks);
}

double busy_percent(const machine_load& before, const machine_load& after) {
  const auto ticks = after.ticks - before.ticks;
  return percent(ticks - (after.idle_ticks - before.idle_ticks), ticks);
}

}  // namespace farebench::track
