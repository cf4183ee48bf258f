#include "bench/track/show/comparison_cells.hpp"

#include <fmt/format.h>

#include <cmath>

namespace farebench::track {
namespace {

constexpr const char* absent = "–";

/// Without a sign where nothing is left of it: "-0.0" says no more than "0.0".
std::string signed_percent(double share) {
  const auto text = fmt::format("{:+.1f}", 100 * share);
  return std::abs(100 * share) < 0.05 ? "0.0" : text;
}

}  // namespace

std::string label_of(const finding& one) {
  const auto* const known = find_metric(one.metric);
  return std::string{known ? known->label : one.metric};
}

std::string side_cell(const finding& one, const std::optional<side_summary>& side) {
  const auto* const known = find_metric(one.metric);
  if (!side || !known) return absent;
  return fmt::format("{} ± {:.1f} %", figure_text(*known, side->median), 100 * side->spread);
}

std::string change_cell(const finding& one) {
  if (!one.change) return absent;
  auto text = signed_percent(*one.change) + " %";
  if (one.low && one.high)
    text += fmt::format(" [{}, {}]", signed_percent(*one.low), signed_percent(*one.high));
  return text;
}

std::string verdict_cell(const finding& one) {
  std::string text{to_string(one.what)};
  return one.accepted.empty() ? text : text + " (accepted)";
}

std::string why_cell(const finding& one) {
  return one.accepted.empty() ? one.why : fmt::format("{}; accepted: {}", one.why, one.accepted);
}

}  // namespace farebench::track
