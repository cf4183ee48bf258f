#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "lib/system/file_descriptor.hpp"

namespace farebench::test {

/// Response of a stub_server to one request.
struct stub_response {
  /// Sent unchanged.
  std::string bytes;
  /// Closes the connection after `bytes`.
  bool close_after = false;
  /// Resets the connection after `bytes`.
  bool reset_after = false;
  /// Sends nothing and keeps the connection open.
  bool no_response = false;
  /// Size of each write, and the shortest wait after it. Zero bytes: one write for all.
  std::size_t write_bytes = 0;
  std::chrono::microseconds write_interval{0};
};

/// Server on a free loopback port that sends raw bytes, so that a test can break HTTP in any way.
///
/// Calls the handler from one thread per connection. A handler may block, but not longer than the test.
/// The destructor closes all connections and joins all threads.
class stub_server {
 public:
  using handler = std::function<stub_response(const std::string& request)>;

  /// Without `reads_bodies`, the handler is called as soon as the header of a request has arrived.
  explicit stub_server(handler respond, bool reads_bodies = true);
  ~stub_server();
  stub_server(const stub_server&) = delete;
  stub_server& operator=(const stub_server&) = delete;

  std::string url() const;

  /// Waits until no handler runs and the clients' kernels have acknowledged all that was sent. Throws
  /// std::runtime_error after hang_deadline.
  void wait_until_delivered();

  /// Number of connections that are open on the server's side.
  std::size_t open_connections();
  /// Number of connections since the start.
  std::size_t accepted_connections();

  /// Sends bytes that no client requested over every open connection. Returns when they are delivered, as
  /// above. The last of `are_urgent` bytes is sent out of band. Must not be called while a handler runs.
  void push(std::string_view bytes, bool are_urgent = false);

 private:
  void accept_connections();
  void serve(int socket);
  bool is_delivered();

  handler respond_;
  bool reads_bodies_;
  int listening_;
  int port_;
  std::atomic<bool> stopping_ = false;
  // Requests whose response is not fully sent.
  std::atomic<int> pending_ = 0;
  std::mutex mutex_;
  std::list<int> sockets_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

/// Returns a complete HTTP/1.1 response.
std::string http_response(int status, const std::string& extra_headers, const std::string& body);

/// Returns a complete results page that contains these rows.
std::string page_with(const std::string& rows);

/// Listens on a loopback port with a full queue, so that connection attempts time out.
class full_listener {
 public:
  full_listener();
  std::string url() const;

 private:
  file_descriptor listening_;
  // Fills the queue: Linux accepts one connection more than the backlog.
  file_descriptor queued_;
  int port_;
};

/// Returns "http://127.0.0.1:PORT" of a port that refuses connections.
std::string url_of_closed_port();

}  // namespace farebench::test
