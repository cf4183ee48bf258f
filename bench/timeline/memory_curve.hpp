#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/system/output_file.hpp"

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

/// When to sample next: the first moment after `now` that is a whole number of intervals after `begin`. So
/// the schedule neither drifts by what sampling takes nor catches up on moments that were missed.
inline std::chrono::steady_clock::time_point next_sample(std::chrono::steady_clock::time_point begin,
                                                         std::chrono::nanoseconds interval,
                                                         std::chrono::steady_clock::time_point now) {
  return begin + ((now - begin) / interval + 1) * interval;
}

/// Of each bucket of time the lowest and the highest point (of equal ones the earliest), and of all the first
/// and the last; in order. The buckets are `width` each, counted from the first point. Points come in order
/// of time. So that thinning by a width, later by twice that width, is thinning by twice the width at once:
/// each bucket is then two whole ones. Pure.
std::vector<curve_point> extremes_of_buckets(const std::vector<curve_point>& points,
                                             std::chrono::nanoseconds width);

/// Thins a curve to at most `most` points (3 at least): as it is when it has no more; otherwise by the least
/// width · 2^k, k ≥ 0, that does it. `width` becomes that, for another thinning later on. What is lost is the
/// shape within a bucket, never a bucket's peak.
void thin(std::vector<curve_point>& points, std::chrono::nanoseconds& width, std::size_t most);

/// So many points a curve has at most when it is written.
inline constexpr std::size_t most_curve_points = 400;

/// Takes the samples of one batch, however many: it thins as they come, and holds 64 KiB at most, taken when
/// it is made. What it gives out is what thinning all the samples at once would have given (see thinning).
/// One thread.
class curve_recorder {
 public:
  explicit curve_recorder(std::chrono::nanoseconds sample_every);

  /// In order of time.
  void add(const curve_point& sample);

  std::size_t samples() const { return samples_; }
  /// At most most_curve_points of them.
  std::vector<curve_point> points() const;

 private:
  std::chrono::nanoseconds width_;
  std::vector<curve_point> points_;
  std::size_t samples_ = 0;
};

/// Memory over time, in a file beside the results:
///   {"timeline": 1, "sample_every_ms": 2, "curves": [
///   {"name": "fetch/…", "repetition": 0,
///    "phases_ms": {"ready": -3.1, "go": 0.0, "half_done": 81.0, "last_outcome": 160.2, "exit": 165.0},
///    "points": [[-3.0, 12800], …], "samples": 83, "sampler_cpu_share": 0.004},
///   …
///   ]}
/// A curve is a line, its times are in milliseconds since go (to a hundredth), its memory in KiB resident; a
/// phase that is not known is absent. Each curve is handed to the kernel as it is appended, so that a run
/// that is killed leaves those that it had in FILE.partial, where only the closing "]}" is missing. One
/// thread.
class timeline_file {
 public:
  /// Throws as output_file.
  timeline_file(const std::filesystem::path& path, std::chrono::nanoseconds sample_every);

  /// `name` and `repetition` are the journal's: the row's name, without what Google Benchmark puts behind it.
  void append(const std::string& name, int repetition, const memory_curve& curve);

  /// Throws as output_file.
  void commit();

 private:
  output_file file_;
  bool is_first_ = true;
};

}  // namespace farebench
