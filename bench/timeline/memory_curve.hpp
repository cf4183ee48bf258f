#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace farebench {

/// One look at a client.
struct curve_point {
  std::chrono::steady_clock::time_point at;
  std::uint64_t resident_bytes;

  bool operator==(const curve_point&) const = default;
};

/// What happened when, in this order. The middle ones are the client's own, and absent where it does not tell
/// them (a probe of an older commit) or told a moment outside of its batch.
struct curve_phases {
  std::chrono::steady_clock::time_point ready;                          ///< the client said so
  std::chrono::steady_clock::time_point go;                             ///< it was told to run its batch
  std::optional<std::chrono::steady_clock::time_point> half_done = {};  ///< half the days had their outcome
  std::optional<std::chrono::steady_clock::time_point> last_outcome = {};  ///< all had
  std::chrono::steady_clock::time_point exit;                              ///< it was told to end
};

/// What a client's resident memory did over one batch, from `ready` to `exit`. A value.
struct memory_curve {
  curve_phases phases;
  std::vector<curve_point> points;  ///< in order of time, at most most_curve_points
  std::size_t samples = 0;          ///< that the points are of
  double sampler_cpu_share = 0;     ///< of one core, that taking them cost over the batch
};

}  // namespace farebench
