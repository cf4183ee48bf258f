#pragma once

#include <httplib.h>

#include <cstdint>
#include <string>

#include "mock_server/engine/connection.hpp"
#include "mock_server/engine/served_site.hpp"

namespace farebench {

/// cpp-httplib's server, with a loop of its own for each connection. The library's own loop polls an idle
/// connection every 10 ms, writes head and body apart, and has no place where a finished response could
/// wait until it is due. What the library parses and renders is used as it is.
/// Each connection is served by one thread of the task queue.
class httplib_server final : public httplib::Server {
 public:
  httplib_server(site& served, const response_latency& latency);

  /// Binds and listens; returns the port. Throws std::system_error. Then: listen_after_bind(), stop().
  std::uint16_t bind(const std::string& host, std::uint16_t port);
  /// Ends all connections, those to come too.
  void interrupt_connections();

  response_log& log() { return served_.log(); }
  server_stats stats() const { return served_.stats(); }

 private:
  struct exchange;

  bool process_and_close_socket(socket_t socket) override;
  bool answer_next(exchange& now);
  void request_head_read(exchange& now, httplib::Request& request);
  HandlerResponse route(const httplib::Request& request, httplib::Response& response);
  void answer(const httplib::Request& request, httplib::Response& response);

  // The handlers belong to the server and not to a connection, but run on its thread.
  static thread_local exchange* current_;

  served_site served_;
  open_connections connections_;
};

}  // namespace farebench
