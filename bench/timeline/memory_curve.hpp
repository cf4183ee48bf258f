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

struct curve_point {
  std::chrono::steady_clock::time_point at;
  std::uint64_t resident_bytes;

  bool operator==(const curve_point&) const = default;
};

/// Times of a client's phases, in this order. The optional ones are the client's own: absent if an older
/// client does not report them, or reports a time outside of its batch.
struct curve_phases {
  /// The client is ready.
  std::chrono::steady_clock::time_point ready;
  /// It starts its batch.
  std::chrono::steady_clock::time_point go;
  /// Half of the days have their outcome.
  std::optional<std::chrono::steady_clock::time_point> half_done = {};
  /// All days have their outcome.
  std::optional<std::chrono::steady_clock::time_point> last_outcome = {};
  /// The client starts to exit.
  std::chrono::steady_clock::time_point exit;
};

/// Resident memory of a client during one batch, from `ready` to `exit`.
struct memory_curve {
  curve_phases phases;
  /// In order of time, at most max_curve_points.
  std::vector<curve_point> points;
  /// Number of samples that the points were chosen from.
  std::size_t samples = 0;
  /// CPU time of sampling / time of the batch.
  double sampler_cpu_share = 0;
};

/// Returns the first time after `now` that is a whole number of intervals after `begin`. So a schedule does
/// not drift, and does not catch up on missed samples.
inline std::chrono::steady_clock::time_point next_sample(std::chrono::steady_clock::time_point begin,
                                                         std::chrono::nanoseconds interval,
                                                         std::chrono::steady_clock::time_point now) {
  return begin + ((now - begin) / interval + 1) * interval;
}

/// Returns the lowest and the highest point of each bucket of time (of equal points the first), and the first
/// and the last point of all, in order. Buckets are `width` long, counted from the first point. `points` are
/// in order of time. Thinning by a width and then by twice that width gives the same as thinning by twice the
/// width at once. Pure.
std::vector<curve_point> extremes_of_buckets(const std::vector<curve_point>& points,
                                             std::chrono::nanoseconds width);

/// Thins a curve that has more than `max_points` points (at least 3). Uses the smallest sufficient
/// width · 2^k, k ≥ 0, and stores it in `width` for the next call. Keeps the peak of each bucket.
void thin(std::vector<curve_point>& points, std::chrono::nanoseconds& width, std::size_t max_points);

/// Maximum number of points of a written curve.
inline constexpr std::size_t max_curve_points = 400;

/// Records any number of samples of one batch in 64 KiB, which the constructor allocates, by thinning as they
/// arrive. The result is the same as if all samples were thinned at once. Not thread-safe.
class curve_recorder {
 public:
  explicit curve_recorder(std::chrono::nanoseconds sample_every);

  /// Samples must be in order of time.
  void add(const curve_point& sample);

  /// Number of samples added.
  std::size_t samples() const { return samples_; }
  /// Returns at most max_curve_points of the samples.
  std::vector<curve_point> points() const;

 private:
  std::chrono::nanoseconds width_;
  std::vector<curve_point> points_;
  std::size_t samples_ = 0;
};

/// File with the memory curves of a run:
///   {"timeline": 1, "sample_every_ms": 2, "curves": [
///   {"name": "fetch/…", "repetition": 0,
///    "phases_ms": {"ready": -3.1, "go": 0.0, "half_done": 81.0, "last_outcome": 160.2, "exit": 165.0},
///    "points": [[-3.0, 12800], …], "samples": 83, "sampler_cpu_share": 0.004},
///   …
///   ]}
/// One line per curve. Times are in milliseconds since go, rounded to hundredths; memory is in KiB. Unknown
/// phases are absent. Each curve is written at once, so that a killed run leaves its curves in FILE.partial,
/// which lacks only the final "]}". Not thread-safe.
class timeline_file {
 public:
  /// Throws as output_file.
  timeline_file(const std::filesystem::path& path, std::chrono::nanoseconds sample_every);

  /// `name` is that of the case.
  void append(const std::string& name, int repetition, const memory_curve& curve);

  /// Throws as output_file.
  void commit();

 private:
  output_file file_;
  bool is_first_ = true;
};

}  // namespace farebench
