#include "bench/timeline/memory_curve.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace farebench {

std::vector<curve_point> extremes_of_buckets(const std::vector<curve_point>& points,
                                             std::chrono::nanoseconds width) {
  std::vector<curve_point> kept;
  const auto keep = [&kept](const curve_point& point) {
    if (kept.empty() || kept.back() != point) kept.push_back(point);
  };
  for (auto bucket = points.begin(); bucket != points.end();) {
    const auto number = [&](const curve_point& point) { return (point.at - points.front().at) / width; };
    const auto end = std::find_if(bucket, points.end(),
                                  [&](const curve_point& point) { return number(point) != number(*bucket); });
    auto early = std::ranges::min_element(bucket, end, {}, &curve_point::resident_bytes);
    auto late = std::ranges::max_element(bucket, end, {}, &curve_point::resident_bytes);
    if (late < early) std::swap(early, late);
    if (bucket == points.begin()) keep(*bucket);
    keep(*early);
    keep(*late);
    if (end == points.end()) keep(points.back());
    bucket = end;
  }
  return kept;
}

void thin(std::vector<curve_point>& points, std::chrono::nanoseconds& width, std::size_t most) {
  if (points.size() <= most) return;
  for (;; width *= 2) {
    points = extremes_of_buckets(points, width);
    if (points.size() <= most) return;
  }
}

namespace {

/// At 2 ms, eight seconds before anything is thinned.
constexpr std::size_t most_held = 4096;

}  // namespace

curve_recorder::curve_recorder(std::chrono::nanoseconds sample_every) : width_{sample_every} {
  points_.reserve(most_held);
}

void curve_recorder::add(const curve_point& sample) {
  if (points_.size() == most_held) {
    // A half, so that thinning costs little a sample; and never fewer than are given out.
    thin(points_, width_, most_held / 2);
    points_.reserve(most_held);
  }
  points_.push_back(sample);
  ++samples_;
}

std::vector<curve_point> curve_recorder::points() const {
  auto points = points_;
  auto width = width_;
  thin(points, width, most_curve_points);
  return points;
}

namespace {

using nlohmann::ordered_json;
using clock = std::chrono::steady_clock;

double hundredths(double value) { return std::round(value * 100) / 100 + 0.0; }  // never -0.0

}  // namespace

timeline_file::timeline_file(const std::filesystem::path& path, std::chrono::nanoseconds sample_every)
    : file_{path} {
  const double sample_every_ms = std::chrono::duration<double, std::milli>{sample_every}.count();
  fmt::print(file_.stream(), R"({{"timeline": 1, "sample_every_ms": {}, "curves": [)", sample_every_ms);
  file_.stream().flush();
}

void timeline_file::append(const std::string& name, int repetition, const memory_curve& curve) {
  const auto& phases = curve.phases;
  const auto since_go = [&](clock::time_point at) {
    return hundredths(std::chrono::duration<double, std::milli>{at - phases.go}.count());
  };
  ordered_json line{{"name", name}, {"repetition", repetition}};
  auto& told = line["phases_ms"];
  told["ready"] = since_go(phases.ready);
  told["go"] = 0;
  if (phases.half_done) told["half_done"] = since_go(*phases.half_done);
  if (phases.last_outcome) told["last_outcome"] = since_go(*phases.last_outcome);
  told["exit"] = since_go(phases.exit);
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
