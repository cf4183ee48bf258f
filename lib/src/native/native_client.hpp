#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop_transport.hpp"
#include "http/exchange_errors.hpp"
#include "http/url.hpp"
#include "native/byte_stream.hpp"
#include "native/deadline_queue.hpp"
#include "native/resolver.hpp"
#include "native/response_parser.hpp"

namespace farebench {

class native_loop;

/// Client of the native transport: one connection and the exchange on it, a state machine that its loop
/// drives. While it waits it holds its request and nothing else: requests are written and responses read in
/// buffers of the loop.
class native_client final : public transport_client, public deadline_entry, public address_waiter {
 public:
  using clock = loop_transport::clock;

  native_client(native_loop& loop, const fetch_limits& limits);
  ~native_client() override;

  /// Queues the request, which the loop sends: not here, where the stack may be that of a fiber.
  void start(exchange_request&& request) override;
  void cancel() noexcept override;
  exchange_result take_result() override;

  // Called by the loop. Each call may finish the exchange, for which it calls native_loop::finish.

  /// Begins the exchange that has been started, or ends one that has been cancelled.
  void begin() noexcept;
  void continue_with(address_result addresses) noexcept;
  /// Handles the events of one of its sockets.
  void handle(int socket, std::uint32_t events) noexcept;
  /// Handles a deadline that has passed.
  void expire() noexcept;

 private:
  enum class phase : std::uint8_t {
    idle,
    /// Waits for begin().
    queued,
    resolving,
    connecting,
    /// Has sent a part of the request.
    sending,
    receiving,
  };

  struct unsent_request {
    std::string text;
    std::size_t sent_bytes;
  };

  /// Connection attempts to a server with several addresses (RFC 8305).
  struct connection_race {
    address_list addresses;
    // Index of the next address.
    std::size_t next = 0;
    struct attempt {
      int socket;
      std::size_t address;
    };
    std::vector<attempt> attempts = {};
    int last_errno = 0;
  };

  std::string_view url() const { return redirect_ ? std::string_view{redirect_->url} : request_.url; }
  std::chrono::milliseconds time_limit() const;
  template <typename Step>
  void run(Step&& step) noexcept;

  void begin_transfer(const url_origin& origin);
  bool can_reuse_connection(const url_origin& origin) const;
  void connect(address_list addresses);
  int open_socket(const socket_address& address);
  void connect_next();
  void handle_race(int socket);
  bool register_socket();
  void send_request(const url_origin& origin);
  void send_rest();
  void receive(bool until_empty, int send_errno = 0);
  void handle_bytes(std::string_view bytes);
  void handle_end_of_stream();
  void handle_progress(response_parser::progress progress, bool has_more_bytes);
  void complete_response();
  void lose_connection(const fetch_error& error);
  void send_again();
  void finish(fetch_error error) noexcept;
  void finish() noexcept;
  void close_connection() noexcept;
  void close_socket(int socket) noexcept;
  void close_race() noexcept;

  native_loop& loop_;
  // Owned by the loop.
  const fetch_limits& limits_;
  exchange_request request_;
  // Present after a redirect.
  std::unique_ptr<response_reader::next_request> redirect_;
  // Present from the first byte of the exchange's first response until the result is taken.
  std::unique_ptr<response_parser> parser_;
  // Present while several addresses are tried.
  std::unique_ptr<connection_race> race_;
  // Present while a part of the request has not fitted into the socket's buffer.
  std::unique_ptr<unsent_request> unsent_;
  // Server of the connection.
  std::string host_;
  clock::time_point deadline_{};
  clock::time_point connect_deadline_{};
  int port_ = 0;
  // Not open without a connection.
  byte_stream stream_;
  phase phase_ = phase::idle;
  // A redirect has changed the request to a GET without a body.
  bool is_changed_to_get_ = false;
  // The exchange in flight has been cancelled.
  bool is_cancelled_ = false;
  // The connection has served another request.
  bool is_kept_ = false;
  // A byte of the current response has arrived.
  bool has_response_ = false;
};

}  // namespace farebench
