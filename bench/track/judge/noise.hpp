#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/track/judge/finding.hpp"
#include "bench/track/judge/metric.hpp"

namespace farebench::track {

/// What comparisons of a program with itself (A/A) have shown on one machine: by how much the median of a
/// metric's log-ratios was off nothing. Bounded: the latest of each series and metric count. A value.
class noise {
 public:
  static constexpr std::size_t most_kept = 40;

  /// One A/A more. A shift is of logarithms, its sign of no account; not finite is left out.
  void add(const std::string& series, std::string_view metric, double shift);

  /// The share up to which a change is none: what nine in ten of the A/As stayed within (nearest rank), and
  /// at least the metric's stated minimum.
  double floor(const std::string& series, const metric& of) const;
  /// How many A/As that rests upon.
  std::size_t known(const std::string& series, std::string_view metric) const;

  /// One JSON text, and back. Throws track_error naming `source` and what is wrong.
  std::string to_text() const;
  static noise parse(std::string_view text, const std::string& source);
  /// Nothing is known where there is no such file.
  static noise read(const std::filesystem::path& path);

 private:
  std::map<std::pair<std::string, std::string>, std::vector<double>> shifts_;
};

/// The A/A that every interleaved comparison has inside: its samples come in fours, A B B A, so that two
/// runs of one program stand beside two of the other. The median log-ratio, later over earlier, over all such
/// pairs; nullopt of fewer than three fours.
std::optional<double> inner_shift(const metric_samples& samples);

/// The median log-ratio of head over base; nullopt of none.
std::optional<double> shift_of(const metric_samples& samples);

}  // namespace farebench::track
