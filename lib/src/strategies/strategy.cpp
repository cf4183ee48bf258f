#include "farebench/strategy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <stdexcept>

#include "strategies/strategies.hpp"

namespace farebench {
namespace {

template <void (*Run)(const batch&, const outcome_sink&)>
std::unique_ptr<strategy> create() {
  class function_strategy final : public strategy {
    void run(const batch& work, const outcome_sink& sink) override { Run(work, sink); }
  };
  return std::make_unique<function_strategy>();
}

constexpr std::array registry{
    strategy_info{
        .name = "sequential",
        .family = strategy_family::blocking,
        .transport = "libcurl",
        .uses_workers = false,
        .uses_loops = false,
        .control_flow = "one blocking connection",
        .code_changes = "nothing",
        .create = &create<run_sequential>,
    },
    strategy_info{
        .name = "thread_pool",
        .family = strategy_family::blocking,
        .transport = "libcurl",
        .uses_workers = true,
        .uses_loops = false,
        .control_flow = "W threads, each with a blocking connection",
        .code_changes = "nothing in the function; locks around data that threads share",
        .create = &create<run_thread_pool>,
    },
    strategy_info{
        .name = "fibers",
        .family = strategy_family::fibers,
        .transport = "libcurl",
        .uses_workers = true,
        .uses_loops = true,
        .control_flow = "W stackful fibers on an event loop, in one thread",
        .code_changes = "nothing in the function: blocking code, suspended at each exchange",
        .create = &create<run_fibers>,
    },
    strategy_info{
        .name = "coroutines",
        .family = strategy_family::coroutines,
        .transport = "libcurl",
        .uses_workers = true,
        .uses_loops = true,
        .control_flow = "W C++ coroutines on an event loop, in one thread",
        .code_changes = "co_await at each exchange, and task<> on every function up the call chain",
        .create = &create<run_coroutines>,
    },
    strategy_info{
        .name = "multi_socket",
        .family = strategy_family::callbacks,
        .transport = "libcurl",
        .uses_workers = true,
        .uses_loops = true,
        .control_flow = "W state machines, callbacks of an event loop (curl_multi_socket_action and epoll), "
                        "in one thread",
        .code_changes = "the function is split at every wait",
        .create = &create<run_multi_socket>,
    },
    strategy_info{
        .name = "multi_poll",
        .family = strategy_family::callbacks,
        .transport = "libcurl",
        .uses_workers = true,
        .uses_loops = true,
        .control_flow = "the state machines of multi_socket over curl_multi_perform and curl_multi_poll",
        .code_changes = "the function is split at every wait",
        .create = &create<run_multi_poll>,
    },
};

}  // namespace

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

std::span<const strategy_info> strategies() { return registry; }

const strategy_info* find_strategy(std::string_view name) {
  const auto* const found = std::ranges::find(registry, name, &strategy_info::name);
  return found == registry.end() ? nullptr : found;
}

std::unique_ptr<strategy> make_strategy(std::string_view name) {
  if (const auto* const info = find_strategy(name)) return info->create();
  throw std::invalid_argument{
      fmt::format("unknown strategy '{}'; choose one of {}", name,
                  fmt::join(registry | std::views::transform(&strategy_info::name), ", "))};
}

}  // namespace farebench
