#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "mock_server/engine/event/request_reader.hpp"
#include "mock_server/engine/event/script_player.hpp"
#include "mock_server/engine/served_site.hpp"

namespace farebench {

class event_server;

/// One connection of the event engine, from request to response to request. Owned by its event_server, on
/// whose thread it runs.
///
/// It waits for one thing at a time: for its socket (one handler is pending then), or in the server's
/// due_queue for its response to be due (or a fault's next step). Only what it waits for resumes it, and only
/// when it is resumed does it end. So nothing ever comes to a connection that is gone.
///
/// Idle it holds no buffers; with a response to come, only that.
class event_connection {
 public:
  event_connection(event_server& server, boost::asio::ip::tcp::socket socket);
  ~event_connection();
  event_connection(const event_connection&) = delete;
  event_connection& operator=(const event_connection&) = delete;

  /// Once, with its place among the server's.
  void start(std::list<event_connection>::iterator self);
  /// That of its response, or of the next step of a fault.
  void moment_has_come();
  /// Ends what has waited for its peer since before `moment`: its handler runs, with an error.
  void give_up_if_silent_since(std::chrono::steady_clock::time_point moment);

 private:
  using clock = std::chrono::steady_clock;
  enum class step { read_unread, receive, send, perform, wait, end };

  void run(step next);
  step wait_for(boost::asio::ip::tcp::socket::wait_type what, step then);

  step receive();
  step read(std::string_view received);
  void head_is_read();
  step answer();
  void meet_faults(const site_request& asked, timed_response& response);
  void render_head(const site_response& content);
  step send();
  step perform();
  void response_ended();

  event_server& server_;
  std::list<event_connection>::iterator self_;
  boost::asio::ip::tcp::socket socket_;
  std::string unread_;  // received, but not yet taken by a reader
  std::unique_ptr<request_reader> reader_;
  std::unique_ptr<script_player> fault_;  // is performed in place of sending head_ and body_
  std::string head_;
  std::string body_;
  std::size_t sent_bytes_ = 0;
  clock::time_point arrival_;
  clock::time_point due_;
  clock::time_point waits_since_;
  enum class count { none, arrived, leaving } counted_ = count::none;  // what the log was told
  bool waits_for_socket_ = false;
  bool head_was_read_ = false;
  bool closes_ = false;
};

}  // namespace farebench
