#include "bench/track/judge/metric.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace farebench::track {
namespace {

using enum metric::kind_of;

constexpr std::array<metric, 5> all{{
    {.name = "real_time", .label = "time", .kind = noisy, .least_floor = 0.02},
    {.name = "cpu_us_per_request", .label = "CPU/request", .kind = noisy, .least_floor = 0.05},
    {.name = "rss_growth_bytes", .label = "RSS growth", .kind = noisy, .least_floor = 0.03},
    {.name = "heap_peak_bytes", .label = "heap peak", .kind = exact, .share = 0.01, .absolute = 64},
    // Counts have no bytes: half an allocation a request, so that one more in each request shows however many
    // there are, and the few that come and go with the order of events (0.2 a request at most) do not.
    {.name = "allocations_per_request", .label = "allocations/request", .kind = exact, .absolute = 0.5},
}};

}  // namespace

std::span<const metric> metrics() { return all; }

const metric* find_metric(std::string_view name) {
  const auto* const found = std::ranges::find(all, name, &metric::name);
  return found == all.end() ? nullptr : found;
}

std::string figure_text(const metric& of, double value) {
  if (of.name == "real_time") return fmt::format("{:.1f} ms", value);
  if (of.name == "cpu_us_per_request") return fmt::format("{:.1f} µs", value);
  if (of.name == "allocations_per_request") return fmt::format("{:.2f}", value);
  constexpr double kib = 1024;
  return value < kib * kib ? fmt::format("{:.1f} KiB", value / kib)
                           : fmt::format("{:.2f} MiB", value / kib / kib);
}

}  // namespace farebench::track
