#include "bench/timeline/timeline_file.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

namespace farebench {
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
