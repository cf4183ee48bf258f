#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "lib/system/process_stats.hpp"

namespace farebench::track {

/// Times of three fixed loops, which detect a slower or faster machine: arithmetic, memory beyond the caches,
/// and messages over a loopback connection to another thread. They run no code of the library or the bench
/// and take 10 to 40 ms each.
struct canary {
  double cpu_ms = 0;
  double memory_ms = 0;
  double loopback_ms = 0;

  /// Returns the geometric mean.
  double figure() const;
};

/// Returns the median of each loop over so many passes. Five take about half a second. Throws
/// std::system_error if there is no loopback connection.
canary measure_canary(int passes = 5);

/// Load of the machine.
struct machine_load {
  /// Of the last minute.
  double load_average = 0;
  processor_times processors = {};
};

machine_load read_load();

/// Shares of the time between two readings, in percent; 0 if no time passed.
double steal_percent(const machine_load& before, const machine_load& after);
double busy_percent(const machine_load& before, const machine_load& after);

/// Properties of a machine that make its figures comparable. Without a host name.
struct machine {
  std::string cpu_model;
  long cores = 0;
  /// "Linux 6.18", without the patch level.
  std::string kernel;
  long memory_gib = 0;
  /// Number of cores that this process may use. Absent if it may use all.
  std::optional<std::size_t> usable_cpus = {};
  /// CPU quota of this process, in cores. Absent if it is not below the number of usable cores.
  std::optional<double> cpu_quota = {};

  /// Returns "intel-xeon-processor-2c-24g-1f2e3d4c", with limits
  /// "intel-xeon-processor-2c-24g-usable-1-quota-0.5-1f2e3d4c". It differs if any field does. Usable as a
  /// file name.
  std::string name() const;
};

machine this_machine();

}  // namespace farebench::track
