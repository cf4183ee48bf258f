#include "farebench/strategy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <stdexcept>

#include "strategies/strategies.hpp"

namespace farebench {
namespace {

constexpr std::array<std::string_view, 6> names{"sequential", "thread_pool",  "fibers",
                                                "coroutines", "multi_socket", "multi_poll"};

}  // namespace

std::span<const std::string_view> strategy_names() { return names; }

std::unique_ptr<strategy> make_strategy(std::string_view name) {
  if (name == "sequential") return std::make_unique<sequential>();
  if (name == "thread_pool") return std::make_unique<thread_pool>();
  if (name == "fibers") return std::make_unique<fibers>();
  if (name == "coroutines") return std::make_unique<coroutines>();
  if (name == "multi_socket") return std::make_unique<multi_callbacks>(event_loop::wait_mode::socket_action);
  if (name == "multi_poll") return std::make_unique<multi_callbacks>(event_loop::wait_mode::multi_poll);
  throw std::invalid_argument{
      fmt::format("there is no strategy '{}': choose one of {}", name, fmt::join(names, ", "))};
}

}  // namespace farebench
