#include <array>
#include <chrono>
#include <optional>
#include <stop_token>
#include <utility>

#include "farebench/native.hpp"
#include "native/native_client.hpp"
#include "native/native_loop.hpp"
#include "strategies/scrape.hpp"
#include "strategies/strategies.hpp"

namespace farebench {
namespace {

constexpr auto common = common_strategies<&native_transport>("native");

constexpr std::array native_strategies{
    common[0],
    common[1],
    common[2],
    common[3],
    strategy_info{
        .name = "callbacks",
        .family = strategy_family::callbacks,
        .transport = "native",
        .uses_workers = true,
        .uses_loops = true,
        .control_flow = "W state machines, callbacks of an event loop, in one thread",
        .code_changes = "the function is split at every wait",
        .create = &create_strategy<&run_callbacks, &native_transport>,
    },
};

/// Client that blocks the calling thread. A stop ends an exchange with `cancelled` within about a second.
class blocking_native_client final : public blocking_client {
 public:
  blocking_native_client(const fetch_limits& limits, const std::stop_token& stop)
      : stop_{stop}, loop_{native_loop::create_for_one()}, limits_{limits} {
    client_.emplace(*loop_, limits_);
  }

  exchange_result exchange(exchange_request request) override {
    client_->start(std::move(request));
    while (!stop_.stop_requested()) {
      if (loop_->next_finished() != nullptr) return client_->take_result();
      loop_->wait(stop_.stop_possible() ? loop_transport::clock::now() + std::chrono::seconds{1}
                                        : loop_transport::clock::time_point::max());
    }
    client_.emplace(*loop_, limits_);
    return std::unexpected(stop_error());
  }

 private:
  const std::stop_token stop_;
  const std::unique_ptr<native_loop> loop_;
  const fetch_limits limits_;
  std::optional<native_client> client_;
};

class http_by_farebench final : public transport {
 public:
  std::string_view name() const override { return "native"; }
  std::string version() const override { return "native/" FAREBENCH_VERSION; }
  bool has_tls() const override { return false; }
  std::span<const strategy_info> strategies() const override { return native_strategies; }
  std::unique_ptr<loop_transport> create_loop(std::size_t) const override {
    return native_loop::create_for_many();
  }
  std::unique_ptr<blocking_client> create_blocking_client(const fetch_limits& limits,
                                                          const std::stop_token& stop,
                                                          std::size_t) const override {
    return std::make_unique<blocking_native_client>(limits, stop);
  }
};

}  // namespace

const transport& native_transport() {
  static const http_by_farebench http;
  return http;
}

}  // namespace farebench
