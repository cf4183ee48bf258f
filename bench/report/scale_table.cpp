#include "bench/report/scale_table.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "bench/report/medians.hpp"
#include "bench/report/straight_line.hpp"
#include "bench/report/text_table.hpp"

namespace farebench {
namespace {

constexpr int many = 10'000;
constexpr int few = 1'000;

/// What one strategy showed at its `hold` points.
struct held {
  std::string strategy;
  std::vector<measured_point> growth = {};  // bytes over workers
  std::optional<double> cpu_many = {};
  std::optional<double> cpu_few = {};
};

held& entry_of(std::vector<held>& all, const std::string& strategy) {
  const auto found = std::ranges::find(all, strategy, &held::strategy);
  if (found != all.end()) return *found;
  return all.emplace_back(held{.strategy = strategy});
}

std::vector<held> held_by_strategy(std::span<const summary_case> cases) {
  std::vector<held> all;
  for (const auto& one : cases) {
    if (!one.is_hold) continue;
    held& entry = entry_of(all, one.strategy);
    if (has_failed(one)) continue;
    if (const auto growth = median_column(one, "rss_growth_bytes"))
      entry.growth.push_back({static_cast<double>(one.workers), *growth});
    const auto cpu = median_column(one, "cpu_us_per_request");
    if (one.workers == many) entry.cpu_many = cpu;
    if (one.workers == few) entry.cpu_few = cpu;
  }
  return all;
}

text_row row_of(const held& entry) {
  const auto line = fit_straight_line(entry.growth);
  std::optional<double> cpu_ratio;
  if (entry.cpu_many && entry.cpu_few && *entry.cpu_few > 0) cpu_ratio = *entry.cpu_many / *entry.cpu_few;
  return {.cells = {entry.strategy, figure(line ? std::optional{line->slope} : std::nullopt, 1 << 10, 2),
                    figure(line ? line->r_squared : std::nullopt, 1, 5), figure(cpu_ratio, 1, 2)}};
}

}  // namespace

std::string scale_table(std::span<const summary_case> cases) {
  const auto strategies = held_by_strategy(cases);
  if (strategies.empty()) return {};
  std::vector<text_row> rows{
      {.cells = {"strategy (hold)", "KiB/worker, fitted", "R²", "CPU 10,000 / 1,000"}}};
  for (const auto& entry : strategies) rows.push_back(row_of(entry));
  return text_table(rows, 1);
}

}  // namespace farebench
