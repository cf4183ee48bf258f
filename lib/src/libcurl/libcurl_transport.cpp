#include <fmt/format.h>

#include <array>
#include <utility>

#include "farebench/libcurl.hpp"
#include "libcurl/curl_loop.hpp"
#include "libcurl/http_client.hpp"
#include "libcurl/options.hpp"
#include "libcurl/shared_http.hpp"
#include "strategies/scrape.hpp"
#include "strategies/strategies.hpp"

namespace farebench {
namespace {

constexpr auto common = common_strategies<&libcurl_transport>("libcurl");

constexpr std::array libcurl_strategies{
    common[0],
    common[1],
    common[2],
    common[3],
    strategy_info{
        .name = "multi_socket",
        .family = strategy_family::callbacks,
        .transport = "libcurl",
        .uses_workers = true,
        .uses_loops = true,
        .control_flow = "W state machines, callbacks of an event loop (curl_multi_socket_action and epoll), "
                        "in one thread",
        .code_changes = "the function is split at every wait",
        .create = &create_strategy<&run_callbacks, &libcurl_transport>,
    },
    strategy_info{
        .name = "multi_poll",
        .family = strategy_family::callbacks,
        .transport = "libcurl",
        .uses_workers = true,
        .uses_loops = true,
        .control_flow = "the state machines of multi_socket over curl_multi_perform and curl_multi_poll",
        .code_changes = "the function is split at every wait",
        .create = &create_strategy<&run_callbacks, &libcurl_poll_transport>,
    },
};

/// Client that blocks the calling thread. A stop ends an exchange with `cancelled` within about a second.
class thread_client final : public blocking_client {
 public:
  /// `threads` is the number of threads that have such a client.
  thread_client(const fetch_limits& limits, const std::stop_token& stop, std::size_t threads)
      : shared_{1, threads}, http_{limits, shared_} {
    http_.cancel_on(stop);
  }

  exchange_result exchange(exchange_request request) override { return http_.perform(std::move(request)); }

 private:
  shared_http shared_;
  http_client http_;
};

class curl_transport final : public transport {
 public:
  explicit constexpr curl_transport(curl_wait_mode mode) : mode_{mode} {}

  std::string_view name() const override { return "libcurl"; }
  std::string version() const override {
    initialize_libcurl();
    return fmt::format("libcurl/{}", curl_version_info(CURLVERSION_NOW)->version);
  }
  bool has_tls() const override { return true; }
  std::span<const strategy_info> strategies() const override { return libcurl_strategies; }
  std::unique_ptr<loop_transport> create_loop(std::size_t connections) const override {
    return create_curl_loop(connections, mode_);
  }
  std::unique_ptr<blocking_client> create_blocking_client(const fetch_limits& limits,
                                                          const std::stop_token& stop,
                                                          std::size_t threads) const override {
    return std::make_unique<thread_client>(limits, stop, threads);
  }

 private:
  curl_wait_mode mode_;
};

}  // namespace

const transport& libcurl_transport() {
  static const curl_transport http{curl_wait_mode::socket_action};
  return http;
}

const transport& libcurl_poll_transport() {
  static const curl_transport http{curl_wait_mode::multi_poll};
  return http;
}

}  // namespace farebench
