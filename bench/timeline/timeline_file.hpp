#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "bench/timeline/memory_curve.hpp"
#include "lib/system/output_file.hpp"

namespace farebench {

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
