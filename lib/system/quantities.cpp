#include "lib/system/quantities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>
#include <utility>

#include "lib/system/command_line.hpp"

namespace farebench {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 4> units_in_us{
    {{"us", 1.0}, {"ms", 1e3}, {"s", 1e6}, {"min", 60e6}}};
constexpr std::array<std::pair<std::string_view, std::size_t>, 9> units_in_kib{{{"", 1},
                                                                                {"K", 1},
                                                                                {"k", 1},
                                                                                {"KB", 1},
                                                                                {"kB", 1},
                                                                                {"KiB", 1},
                                                                                {"M", 1024},
                                                                                {"MB", 1024},
                                                                                {"MiB", 1024}}};
constexpr std::chrono::microseconds max_duration = std::chrono::hours{1};

}  // namespace

std::expected<std::size_t, std::string> parse_kib(std::string_view text, std::size_t min, std::size_t max) {
  std::size_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const auto unit =
      std::ranges::find(units_in_kib, trimmed({rest, end}), &decltype(units_in_kib)::value_type::first);
  if (error == std::errc{} && unit != units_in_kib.end() &&
      number >= (min + unit->second - 1) / unit->second && number <= max / unit->second)
    return number * unit->second;
  return std::unexpected(
      fmt::format("'{}' is not a size from {} to {} KiB; write a whole number, such as {} or {}KiB", text,
                  min, max, min, min));
}

std::expected<std::chrono::microseconds, std::string> parse_duration(std::string_view text) {
  const auto invalid = [&](std::string_view reason,
                           std::string_view form = "a number and its unit, such as 20ms, 1.5s or 250us") {
    return std::unexpected(fmt::format("'{}' is not a duration: {}; write {}", text, reason, form));
  };
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(number)) return invalid("no number");
  if (number < 0) return invalid("negative");
  const std::string_view unit{rest, end};
  if (unit.empty() && number == 0) return std::chrono::microseconds{0};
  if (unit.empty()) return invalid("no unit", fmt::format("{0}ms or {0}s", text));
  for (const auto& [name, in_us] : units_in_us) {
    if (unit != name) continue;
    const double us = std::round(number * in_us);
    if (us > static_cast<double>(max_duration.count())) return invalid("longer than an hour");
    return std::chrono::microseconds{static_cast<std::int64_t>(us)};
  }
  return invalid(fmt::format("unknown unit '{}'", unit));
}

std::string format_duration(std::chrono::microseconds duration) {
  const auto us = duration.count();
  if (us == 0) return "0";
  if (us < 1'000) return fmt::format("{}us", us);
  if (us < 1'000'000) return fmt::format("{}ms", static_cast<double>(us) / 1e3);
  return fmt::format("{}s", static_cast<double>(us) / 1e6);
}

}  // namespace farebench
