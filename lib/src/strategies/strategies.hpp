#pragma once

#include <array>
#include <memory>

#include "farebench/strategy.hpp"
#include "farebench/transport.hpp"
#include "strategies/batch_run.hpp"

namespace farebench {

// The strategies. Each function runs the items on a transport; each transport has a registry of those
// that run on it.

void run_sequential(const transport& http, const run_items& items);
void run_thread_pool(const transport& http, const run_items& items);
void run_fibers(const transport& http, const run_items& items);
void run_coroutines(const transport& http, const run_items& items);
void run_callbacks(const transport& http, const run_items& items);

template <void (*run_items_on)(const transport&, const run_items&), const transport& (*get_transport)()>
std::unique_ptr<strategy> create_strategy() {
  class function_strategy final : public strategy {
    void run(const batch& work, const outcome_sink& sink) override {
      run_items_on(get_transport(), run_items{work, sink});
    }
    void run_exchanges(const exchange_source& source, const exchange_options& options,
                       const exchange_sink& sink) override {
      run_items_on(get_transport(), run_items{source, options, sink});
    }
  };
  return std::make_unique<function_strategy>();
}

/// The strategies that every transport has.
template <const transport& (*get_transport)()>
constexpr std::array<strategy_info, 4> common_strategies(std::string_view transport_name) {
  return {
      strategy_info{
          .name = "sequential",
          .family = strategy_family::blocking,
          .transport = transport_name,
          .uses_workers = false,
          .uses_loops = false,
          .control_flow = "one blocking connection",
          .code_changes = "nothing",
          .create = &create_strategy<&run_sequential, get_transport>,
      },
      strategy_info{
          .name = "thread_pool",
          .family = strategy_family::blocking,
          .transport = transport_name,
          .uses_workers = true,
          .uses_loops = false,
          .control_flow = "W threads, each with a blocking connection",
          .code_changes = "nothing in the function; locks around data that threads share",
          .create = &create_strategy<&run_thread_pool, get_transport>,
      },
      strategy_info{
          .name = "fibers",
          .family = strategy_family::fibers,
          .transport = transport_name,
          .uses_workers = true,
          .uses_loops = true,
          .control_flow = "W stackful fibers on an event loop, in one thread",
          .code_changes = "nothing in the function: blocking code, suspended at each exchange",
          .create = &create_strategy<&run_fibers, get_transport>,
      },
      strategy_info{
          .name = "coroutines",
          .family = strategy_family::coroutines,
          .transport = transport_name,
          .uses_workers = true,
          .uses_loops = true,
          .control_flow = "W C++ coroutines on an event loop, in one thread",
          .code_changes = "co_await at each exchange, and task<> on every function up the call chain",
          .create = &create_strategy<&run_coroutines, get_transport>,
      },
  };
}

}  // namespace farebench
