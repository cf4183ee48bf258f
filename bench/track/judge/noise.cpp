#include "bench/track/judge/noise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "bench/report/medians.hpp"
#include "bench/track/files/strict_json.hpp"
#include "bench/track/track_error.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view noise_format = "farebench-noise 1";
constexpr double share_within = 0.9;

double logarithm_of_ratio(double above, double below) { return std::log(above / below); }

}  // namespace

void noise::add(const std::string& series, std::string_view metric, double shift) {
  if (!std::isfinite(shift)) return;
  auto& kept = shifts_[{series, std::string{metric}}];
  kept.push_back(std::abs(shift));
  if (kept.size() > most_kept) kept.erase(kept.begin());
}

double noise::floor(const std::string& series, const metric& of) const {
  const auto found = shifts_.find({series, std::string{of.name}});
  if (found == shifts_.end()) return of.least_floor;
  auto sorted = found->second;
  std::ranges::sort(sorted);
  const auto rank = static_cast<std::size_t>(std::ceil(share_within * static_cast<double>(sorted.size())));
  return std::max(of.least_floor, std::expm1(sorted[rank - 1]));
}

std::size_t noise::known(const std::string& series, std::string_view metric) const {
  const auto found = shifts_.find({series, std::string{metric}});
  return found == shifts_.end() ? 0 : found->second.size();
}

std::string noise::to_text() const {
  auto entries = ordered_json::array();
  for (const auto& [of, shifts] : shifts_)
    entries.push_back({{"series", of.first}, {"metric", of.second}, {"shifts", shifts}});
  return ordered_json{{"format", noise_format}, {"noise", entries}}.dump(1) + "\n";
}

noise noise::parse(std::string_view text, const std::string& source) {
  const auto whole = parse_strictly(text, source);
  if (text_member(whole, "format", source) != noise_format)
    throw track_error{fmt::format("{} is not '{}'", source, noise_format)};
  const auto entries = whole.find("noise");
  if (entries == whole.end() || !entries->is_array()) throw track_error{source + " has no list 'noise'"};
  noise known;
  for (const auto& entry : *entries) {
    const auto series = text_member(entry, "series", source);
    const auto metric = text_member(entry, "metric", source);
    const auto shifts = entry.find("shifts");
    if (shifts == entry.end() || !shifts->is_array() ||
        !std::ranges::all_of(*shifts, [](const auto& shift) { return shift.is_number(); }))
      throw track_error{fmt::format("{}: the shifts of {} are no list of numbers", source, series)};
    for (const auto& shift : *shifts) known.add(series, metric, shift.template get<double>());
  }
  return known;
}

noise noise::read(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  return parse(read_input_file(path), path.string());
}

std::optional<double> inner_shift(const metric_samples& samples) {
  constexpr std::size_t fewest_fours = 3;
  std::vector<double> ratios;
  for (std::size_t i = 0; i + 1 < samples.base.size(); i += 2) {
    ratios.push_back(logarithm_of_ratio(samples.base[i + 1], samples.base[i]));
    ratios.push_back(logarithm_of_ratio(samples.head[i + 1], samples.head[i]));
  }
  if (ratios.size() < 2 * fewest_fours) return std::nullopt;
  return median(ratios);
}

std::optional<double> shift_of(const metric_samples& samples) {
  std::vector<double> ratios(samples.base.size());
  std::ranges::transform(samples.head, samples.base, ratios.begin(), logarithm_of_ratio);
  return median(ratios);
}

}  // namespace farebench::track
