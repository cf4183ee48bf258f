#include "bench/timeline/memory_curve.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace farebench {
namespace {

using nlohmann::ordered_json;
using clock = std::chrono::steady_clock;

/// 8 s at the default interval of 2 ms.
constexpr std::size_t max_held_points = 4096;

/// Rounds to hundredths. Adding 0 turns -0.0 into 0.0.
double rounded(double value) { return std::round(value * 100) / 100 + 0.0; }

}  // namespace

std::vector<curve_point> extremes_of_buckets(const std::vector<curve_point>& points,
                                             std::chrono::nanoseconds width) {
  std::vector<curve_point> kept;
  const auto keep = [&kept](const curve_point& point) {
    if (kept.empty() || kept.back() != point) kept.push_back(point);
  };
  for (auto bucket = points.begin(); bucket != points.end();) {
    const auto bucket_number = [&](const curve_point& point) {
      return (point.at - points.front().at) / width;
    };
    const auto end = std::find_if(bucket, points.end(), [&](const curve_point& point) {
      return bucket_number(point) != bucket_number(*bucket);
    });
    auto first = std::ranges::min_element(bucket, end, {}, &curve_point::resident_bytes);
    auto second = std::ranges::max_element(bucket, end, {}, &curve_point::resident_bytes);
    if (second < first) std::swap(first, second);
    if (bucket == points.begin()) keep(*bucket);
    keep(*first);
    keep(*second);
    if (end == points.end()) keep(points.back());
    bucket = end;
  }
  return kept;
}

void thin(std::vector<curve_point>& points, std::chrono::nanoseconds& width, std::size_t max_points) {
  if (points.size() <= max_points) return;
  for (;; width *= 2) {
    points = extremes_of_buckets(points, width);
    if (points.size() <= max_points) return;
  }
}

curve_recorder::curve_recorder(std::chrono::nanoseconds sample_every) : width_{sample_every} {
  points_.reserve(max_held_points);
}

void curve_recorder::add(const curve_point& sample) {
  if (points_.size() == max_held_points) {
    // Thinning to a half makes it rare, and leaves more points than points() returns.
    thin(points_, width_, max_held_points / 2);
    points_.reserve(max_held_points);
  }
  points_.push_back(sample);
  ++samples_;
}

std::vector<curve_point> curve_recorder::points() const {
  auto points = points_;
  auto width = width_;
  thin(points, width, max_curve_points);
  return points;
}

timeline_file::timeline_file(const std::filesystem::path& path, std::chrono::nanoseconds sample_every)
    : file_{path} {
  file_.keep_part_of_killed_process();
  const double sample_every_ms = std::chrono::duration<double, std::milli>{sample_every}.count();
  fmt::print(file_.stream(), R"({{"timeline": 1, "sample_every_ms": {}, "curves": [)", sample_every_ms);
  file_.stream().flush();
}

void timeline_file::append(const std::string& name, int repetition, const memory_curve& curve) {
  const auto& phases = curve.phases;
  const auto since_go = [&](clock::time_point at) {
    return rounded(std::chrono::duration<double, std::milli>{at - phases.go}.count());
  };
  ordered_json line{{"name", name}, {"repetition", repetition}};
  auto& phases_ms = line["phases_ms"];
  phases_ms["ready"] = since_go(phases.ready);
  phases_ms["go"] = 0;
  if (phases.half_done) phases_ms["half_done"] = since_go(*phases.half_done);
  if (phases.last_outcome) phases_ms["last_outcome"] = since_go(*phases.last_outcome);
  phases_ms["exit"] = since_go(phases.exit);
  auto& points = line["points"] = ordered_json::array();
  for (const auto& [at, resident_bytes] : curve.points)
    points.push_back({since_go(at), resident_bytes / 1024});
  line["samples"] = curve.samples;
  line["sampler_cpu_share"] = curve.sampler_cpu_share;
  file_.stream() << (is_first_ ? "\n" : ",\n") << line.dump() << std::flush;
  is_first_ = false;
}

void timeline_file::commit() {
  file_.stream() << "\n]}\n";
  file_.commit();
}

}  // namespace farebench
