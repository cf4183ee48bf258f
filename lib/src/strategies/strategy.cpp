#include "farebench/strategy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>
#include <stdexcept>

namespace farebench {

std::string_view to_string(connection_mode mode) { return mode == connection_mode::fresh ? "fresh" : "kept"; }

std::optional<connection_mode> parse_connection_mode(std::string_view text) {
  for (const auto mode : {connection_mode::kept, connection_mode::fresh}) {
    if (to_string(mode) == text) return mode;
  }
  return std::nullopt;
}

std::string_view to_string(strategy_family family) {
  switch (family) {
    case strategy_family::blocking:
      return "blocking";
    case strategy_family::fibers:
      return "fibers";
    case strategy_family::coroutines:
      return "coroutines";
    case strategy_family::callbacks:
      return "callbacks";
  }
  return {};
}

void strategy::run_exchanges(const exchange_source&, const exchange_options&, const exchange_sink&) {
  throw std::logic_error{"this strategy cannot run exchanges; use one of the library's"};
}

const strategy_info* find_strategy(std::string_view name, const transport& http) {
  const auto all = http.strategies();
  const auto found = std::ranges::find(all, name, &strategy_info::name);
  return found == all.end() ? nullptr : &*found;
}

std::unique_ptr<strategy> make_strategy(std::string_view name, const transport& http) {
  if (const auto* const info = find_strategy(name, http)) return info->create();
  throw std::invalid_argument{
      fmt::format("unknown strategy '{}' on {}; choose one of {}", name, http.name(),
                  fmt::join(http.strategies() | std::views::transform(&strategy_info::name), ", "))};
}

}  // namespace farebench
