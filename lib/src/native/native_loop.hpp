#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop_transport.hpp"
#include "farebench/fetch_error.hpp"
#include "http/interned_limits.hpp"
#include "native/addresses.hpp"
#include "native/deadline_queue.hpp"
#include "native/native_client.hpp"
#include "native/resolver.hpp"
#include "native/response_parser.hpp"
#include "native/socket_set.hpp"

namespace farebench {

/// Drives the clients of the native transport in one thread, and holds what they share: sockets, deadlines,
/// addresses, buffers and parsers.
class native_loop final : public loop_transport {
 public:
  /// A loop of any number of clients, which looks up names in threads.
  static std::unique_ptr<native_loop> create_for_many(lookup_function look_up = look_up_addresses);
  /// A loop of one client, which blocks: it looks up names in this thread and cannot be woken up.
  static std::unique_ptr<native_loop> create_for_one(lookup_function look_up = look_up_addresses);

  std::unique_ptr<transport_client> create_client(const fetch_limits& limits) override;
  void wait(clock::time_point until) override;
  transport_client* next_finished() override;
  void wake_up() noexcept override { sockets_->wake_up(); }

 private:
  friend class native_client;

  native_loop(std::unique_ptr<socket_set> sockets, std::size_t buffer_bytes, bool looks_up_in_threads,
              lookup_function look_up);

  bool begin_queued();
  std::optional<address_result> resolve(std::string_view host, int port, address_waiter& waiter);
  void mark_working(std::string_view host, int port, const socket_address& address) noexcept;
  void forget(std::string_view host, int port) noexcept;
  std::unique_ptr<response_parser> take_parser();
  void return_parser(std::unique_ptr<response_parser> parser) noexcept;

  const std::unique_ptr<socket_set> sockets_;
  interned_limits limits_;
  // Time of the last wait, or of the last exchange's start.
  clock::time_point now_ = clock::now();
  deadline_queue deadlines_;
  // Present if names are looked up in threads; otherwise the cache is used.
  std::unique_ptr<resolver> resolver_;
  address_cache addresses_;
  // Clients whose exchange has been started and not begun.
  intrusive_list<address_waiter> queue_;
  // Events of the last wait; those before next_event_ have been handled.
  std::span<const socket_event> events_;
  std::size_t next_event_ = 0;
  // An event has been handled since next_finished has begun an exchange. Exchanges that fail at once, and
  // whose completions start others, would otherwise keep it from ending.
  bool may_begin_ = false;
  native_client* finished_ = nullptr;
  std::size_t open_sockets_ = 0;
  // Error of the exchange that finished last. Its client takes the result before another exchange finishes.
  std::optional<fetch_error> error_;
  std::vector<std::unique_ptr<response_parser>> spare_parsers_;
  // A request while it is sent.
  std::string request_text_;
  // Received bytes while they are parsed.
  const std::size_t buffer_bytes_;
  const std::unique_ptr<char[]> buffer_;
};

}  // namespace farebench
