#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>

#include "mock_server/engine/event/due_queue.hpp"
#include "mock_server/engine/event/event_connection.hpp"
#include "mock_server/engine/event/listen_queues.hpp"
#include "mock_server/engine/served_site.hpp"
#include "mock_server/faults/fault_injection.hpp"

namespace farebench {

/// A loop over Boost.Asio that serves the site to any number of connections on the one thread that calls
/// run(). That thread's, but for stop() and served(), which are any's.
class event_server {
 public:
  event_server(site& served, const response_latency& latency, const std::optional<fault_settings>& faults);

  /// Once, before run(). The port. Throws std::system_error naming the call.
  std::uint16_t listen(const std::string& host, std::uint16_t port);
  /// Serves until stop(); rethrows nothing, since nothing in it throws but for want of memory.
  void run();
  void stop();
  /// After run() has returned: ends every connection and stops listening. Also in the destructor.
  void close();

  served_site& served() { return served_; }
  const served_site& served() const { return served_; }

  // For connections.

  /// What goes wrong with their answers; nullptr: nothing does.
  fault_injection* faults() { return faults_ ? &*faults_ : nullptr; }
  /// Closes the port for `refusal`; whoever connects meanwhile is refused, and a client whose connection was
  /// just being made may find it reset.
  void refuse_connections_for_a_while();
  /// What they receive into; the next one's to overwrite.
  std::span<char> input() { return input_; }
  /// Calls connection.moment_has_come() at `moment`.
  void wait_until(std::chrono::steady_clock::time_point moment, event_connection& connection);
  /// Destroys it.
  void forget(std::list<event_connection>::iterator connection);

 private:
  using clock = std::chrono::steady_clock;

  void listen_again_in_time();
  void accept_when_possible(listen_queues::acceptor& queue);
  bool accept_all(listen_queues::acceptor& queue);
  void arm_timer();
  void release_due();
  void end_silent_connections_in_time();

  static constexpr std::chrono::milliseconds refusal{30};

  served_site served_;
  std::optional<fault_injection> faults_;
  boost::asio::io_context loop_{1};
  listen_queues queues_{loop_};
  boost::asio::steady_timer patience_{loop_};
  boost::asio::steady_timer refusal_{loop_};
  boost::asio::steady_timer timer_{loop_};
  clock::time_point timer_moment_ = clock::time_point::max();  // max: not armed; min: releasing
  due_queue<event_connection> waiting_;
  std::list<event_connection> connections_;
  std::array<char, 16 * 1024> input_;
  bool refuses_ = false;
};

}  // namespace farebench
