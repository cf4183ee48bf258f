#include "lib/cli/duration_text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace farebench {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 3> units_in_us{
    {{"us", 1.0}, {"ms", 1e3}, {"s", 1e6}}};
constexpr std::chrono::microseconds longest = std::chrono::hours{1};

}  // namespace

std::expected<std::chrono::microseconds, std::string> parse_duration(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return std::unexpected(fmt::format(
        "'{}' is not a duration: {}; write a number and its unit, such as 20ms, 1.5s or 250us", text, why));
  };
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (fault != std::errc{} || !std::isfinite(number)) return refuse("no number");
  if (number < 0) return refuse("negative");
  const std::string_view unit{rest, end};
  if (unit.empty() && number == 0) return std::chrono::microseconds{0};
  if (unit.empty()) return refuse("no unit");
  for (const auto& [name, in_us] : units_in_us) {
    if (unit != name) continue;
    const double us = std::round(number * in_us);
    if (us > static_cast<double>(longest.count())) return refuse("longer than an hour");
    return std::chrono::microseconds{static_cast<std::int64_t>(us)};
  }
  return refuse(fmt::format("unknown unit '{}'", unit));
}

std::string format_duration(std::chrono::microseconds duration) {
  const auto us = duration.count();
  if (us == 0) return "0";
  if (us % 1'000 != 0 && us < 1'000) return fmt::format("{}us", us);
  if (us < 1'000'000) return fmt::format("{}ms", static_cast<double>(us) / 1e3);
  return fmt::format("{}s", static_cast<double>(us) / 1e6);
}

}  // namespace farebench
