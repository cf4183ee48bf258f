#include "mock_server/engine/event/event_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/status.hpp>
#include <iterator>
#include <utility>

#include "mock_server/engine/event/event_server.hpp"
#include "mock_server/engine/request_limits.hpp"

namespace farebench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

}  // namespace

event_connection::event_connection(event_server& server, asio::ip::tcp::socket socket)
    : server_(server), socket_(std::move(socket)) {}

event_connection::~event_connection() { response_ended(); }

void event_connection::start(std::list<event_connection>::iterator self) {
  self_ = self;
  run(wait_for(asio::ip::tcp::socket::wait_read, step::receive));
}

void event_connection::moment_has_come() { run(fault_ ? step::perform : step::send); }

void event_connection::give_up_if_silent_since(clock::time_point moment) {
  error_code ignored;
  if (waits_for_socket_ && waits_since_ < moment) socket_.cancel(ignored);
}

// Goes on until something must be waited for. The last step may destroy this object.
void event_connection::run(step next) {
  while (next != step::wait) {
    switch (next) {
      case step::read_unread:
        next = unread_.empty() ? wait_for(asio::ip::tcp::socket::wait_read, step::receive) : read({});
        break;
      case step::receive:
        next = receive();
        break;
      case step::send:
        next = send();
        break;
      case step::perform:
        next = perform();
        break;
      default:
        return server_.forget(self_);
    }
  }
}

event_connection::step event_connection::wait_for(asio::ip::tcp::socket::wait_type what, step then) {
  waits_for_socket_ = true;
  waits_since_ = clock::now();
  socket_.async_wait(what, [this, then](error_code failed) {
    waits_for_socket_ = false;
    run(failed ? step::end : then);
  });
  return step::wait;
}

// Into a buffer that all connections share: what a request leaves of it, rarely anything, is copied.
event_connection::step event_connection::receive() {
  error_code failed;
  const auto input = server_.input();
  const std::size_t size = socket_.receive(asio::buffer(input.data(), input.size()), 0, failed);
  if (failed == asio::error::would_block) {
    return wait_for(asio::ip::tcp::socket::wait_read, step::receive);
  }
  return failed ? step::end : read({input.data(), size});
}

event_connection::step event_connection::read(std::string_view received) {
  if (!reader_) {
    arrival_ = clock::now();
    reader_ = std::make_unique<request_reader>();
  }
  const bool is_joined = !unread_.empty();
  if (is_joined) received = unread_.append(received);
  const std::size_t taken = reader_->take(received);
  if (is_joined) {
    unread_.erase(0, taken);
  } else {
    unread_.assign(received.substr(taken));
  }
  if (unread_.empty()) unread_ = {};

  if (reader_->is_head_read() || reader_->is_read()) head_is_read();
  return reader_->is_read() ? answer() : wait_for(asio::ip::tcp::socket::wait_read, step::receive);
}

void event_connection::head_is_read() {
  if (std::exchange(head_was_read_, true)) return;
  if (served_site::counts(reader_->request().target)) {
    server_.served().log().arrived();
    counted_ = count::arrived;
  }
  if (reader_->waits_to_continue()) {
    constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
    error_code ignored;  // a socket without room for so little has a client that doesn't read
    socket_.send(asio::buffer(interim), 0, ignored);
  }
}

// Rendered now and not when it is due, so that rendering does not make it late; a page of 3 KiB for each of
// 10,000 connections is little.
event_connection::step event_connection::answer() {
  const site_request asked = reader_->request();
  timed_response response =
      reader_->refusal() != 0 ? server_.served().refusal(reader_->refusal()) : server_.served().answer(asked);
  closes_ = !reader_->keeps_connection();
  if (server_.faults() != nullptr && counted_ != count::none) meet_faults(asked, response);
  if (!fault_) {
    render_head(response.content);
    if (asked.method != "HEAD") body_ = std::move(response.content.body);
  }
  reader_.reset();
  head_was_read_ = false;
  if (counted_ == count::none) return step::send;
  due_ = arrival_ + response.latency;
  if (response.latency <= std::chrono::nanoseconds{0}) return fault_ ? step::perform : step::send;
  server_.wait_until(due_, *this);
  return step::wait;
}

void event_connection::meet_faults(const site_request& asked, timed_response& response) {
  auto script = server_.faults()->meet(asked, reader_->scrape_tag(), response.content, response.latency);
  if (script) fault_ = std::make_unique<script_player>(*std::move(script));
}

void event_connection::render_head(const site_response& content) {
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(content.status)));
  auto out = std::back_inserter(head_);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\nContent-Length: {}\r\n", content.status,
                 std::string_view{reason.data(), reason.size()}, content.body.size());
  for_each_header(content, [&](std::string_view name, std::string_view value) {
    fmt::format_to(out, "{}: {}\r\n", name, value);
  });
  if (closes_) {
    head_ += "Connection: close\r\n\r\n";
  } else {
    fmt::format_to(out, "Keep-Alive: timeout={}, max={}\r\n\r\n", request_limits::patience.count(),
                   request_limits::requests_a_connection);
  }
}

event_connection::step event_connection::send() {
  if (counted_ == count::arrived) {
    server_.served().log().leaving();
    counted_ = count::leaving;
  }
  const std::size_t whole = head_.size() + body_.size();
  error_code failed;
  while (sent_bytes_ < whole && !failed) {
    const std::size_t of_head = std::min(sent_bytes_, head_.size());
    const std::array<asio::const_buffer, 2> rest{asio::buffer(head_) + of_head,
                                                 asio::buffer(body_) + (sent_bytes_ - of_head)};
    sent_bytes_ += socket_.write_some(rest, failed);
  }
  if (failed == asio::error::would_block) return wait_for(asio::ip::tcp::socket::wait_write, step::send);
  response_ended();
  return failed || closes_ ? step::end : step::read_unread;
}

// A fault's answer counts as sent when it begins: some have no end.
event_connection::step event_connection::perform() {
  if (counted_ == count::arrived) {
    server_.served().log().leaving();
    counted_ = count::leaving;
    response_ended();
  }
  using next = script_player::next;
  switch (fault_->perform(socket_, server_.input())) {
    case next::when_writable:
      return wait_for(asio::ip::tcp::socket::wait_write, step::perform);
    case next::when_readable:
      return wait_for(asio::ip::tcp::socket::wait_read, step::perform);
    case next::at_its_moment:
      server_.wait_until(fault_->moment(), *this);
      return step::wait;
    case next::request:
      fault_.reset();
      return closes_ ? step::end : step::read_unread;
    case next::refusal:
      server_.refuse_connections_for_a_while();
      return step::perform;
    case next::nothing:
      break;
  }
  return step::end;
}

// Sent or lost.
void event_connection::response_ended() {
  if (counted_ == count::leaving) server_.served().log().left(clock::now() - due_);
  if (counted_ == count::arrived) server_.served().log().abandoned();
  counted_ = count::none;
  sent_bytes_ = 0;
  head_ = {};
  body_ = {};
}

}  // namespace farebench
