#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace farebench::track {

/// What the machine takes for work that never changes: no line of it is the library's or the bench's. Three
/// loops, of 10 to 40 ms each, like what a client does: arithmetic, memory that no cache holds, and messages
/// to and fro over a loopback connection with a thread at the other end.
struct canary {
  double cpu_ms = 0;
  double memory_ms = 0;
  double loopback_ms = 0;

  /// One figure of the three, their geometric mean in ms: it moves by a share when they do.
  double figure() const;
};

/// Each loop five times, and of those the medians. Takes about half a second. Throws std::system_error when
/// there is no loopback.
canary measure_canary();

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

/// What makes figures of one machine comparable with each other and not with another's. No host name.
struct machine {
  std::string cpu_model;
  long cores = 0;
  std::string kernel;  ///< "Linux 6.18": what differs below is the same machine after an update
  long memory_gib = 0;

  /// "intel-xeon-processor-2c-24g-1f2e3d4c": readable, and of any field another when that differs. Fit for a
  /// folder's name.
  std::string name() const;
};

machine this_machine();

}  // namespace farebench::track
