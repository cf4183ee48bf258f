#pragma once

#include <string>

namespace farebench::track {

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
