#pragma once

#include <cstdint>
#include <string_view>

namespace farebench::track {

/// How busy the machine is: /proc/loadavg and the first line of /proc/stat (proc(5)), in ticks since it
/// started.
struct machine_load {
  double load_average = 0;  ///< of the last minute
  std::uint64_t ticks = 0;  ///< of all its processors, idle ones too
  std::uint64_t idle_ticks = 0;
  std::uint64_t stolen_ticks = 0;  ///< in which another virtual machine had the processor
};

machine_load load_now();
/// From the texts of those files; what is not there is 0. Pure.
machine_load parse_load(std::string_view loadavg, std::string_view stat);

/// Shares of the time between two readings, in percent; 0 of no time.
double steal_percent(const machine_load& before, const machine_load& after);
double busy_percent(const machine_load& before, const machine_load& after);

}  // namespace farebench::track
