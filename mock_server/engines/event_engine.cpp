#include <fmt/format.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/version.hpp>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "mock_server/engines/request_reader.hpp"
#include "mock_server/engines/served_site.hpp"
#include "mock_server/engines/server_engine.hpp"
#include "mock_server/faults/fault_injection.hpp"
#include "mock_server/faults/fault_scripts.hpp"

namespace farebench {

/// What waits for its moment, the earliest first: a heap, 16 bytes an entry, so that one timer serves any
/// number of waits (one of Asio's per connection would be a node, a handler and a system call each).
/// Nothing leaves before its moment. A value; one thread.
template <typename Waiting>
class due_queue {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  bool empty() const { return waits_.empty(); }
  /// The earliest moment; not when empty.
  time_point next() const { return waits_.top().moment; }

  void push(time_point moment, Waiting* waiting) { waits_.push({moment, waiting}); }
  /// Whose moment is not after `now`, earliest first; nullptr when there is none.
  Waiting* pop_due(time_point now) {
    if (waits_.empty() || waits_.top().moment > now) return nullptr;
    Waiting* const waiting = waits_.top().waiting;
    waits_.pop();
    return waiting;
  }

 private:
  struct wait {
    time_point moment;
    Waiting* waiting;
    bool operator<(const wait& other) const {
      return moment > other.moment;
    }  // a std heap's top is its greatest
  };
  std::priority_queue<wait> waits_;
};

/// One port behind several listening sockets, among which the kernel spreads the connections (SO_REUSEPORT).
/// One socket's queue ends at net.core.somaxconn, 4,096 by default, and what it has no room for is dropped
/// until the client's kernel tries again a second later: a wave of 10,000 connections, which come faster than
/// one thread accepts them, lost up to 3,900. The event engine's thread's.
class listen_queues {
 public:
  using acceptor = boost::asio::ip::tcp::acceptor;

  explicit listen_queues(boost::asio::io_context& loop)
      : all_{acceptor{loop}, acceptor{loop}, acceptor{loop}, acceptor{loop}} {}

  /// Listens at that port, or at a free one for 0, which no other process listens at; the port. Once. Throws
  /// std::system_error naming the call.
  std::uint16_t open(const std::string& host, std::uint16_t port);
  /// Refuses connections (those in the queues are reset) but keeps the port, until listen_again(). Cancels
  /// what waits for connections.
  void stop_listening();
  /// False when the port cannot be had again; then ask once more later.
  bool listen_again();
  void close();

  auto begin() { return all_.begin(); }
  auto end() { return all_.end(); }

 private:
  std::array<acceptor, 4> all_;
  boost::asio::ip::tcp::endpoint address_;
};

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

void check(const error_code& failed, const std::string& call) {
  if (failed) throw std::system_error(failed, call);
}

}  // namespace

std::uint16_t listen_queues::open(const std::string& host, std::uint16_t port) {
  const std::string where = host + ":" + std::to_string(port);
  error_code failed;
  tcp::endpoint address{boost::asio::ip::make_address_v4(host, failed), port};
  check(failed, "address " + host);
  for (auto& one : all_) {
    one.open(address.protocol(), failed);
    check(failed, "socket");
    one.set_option(tcp::acceptor::reuse_address{true}, failed);
    check(failed, "setsockopt SO_REUSEADDR");
    // What it accepts inherits this (tcp(7) on Linux): without it, a page in two segments waits 44 ms.
    one.set_option(tcp::no_delay{true}, failed);
    check(failed, "setsockopt TCP_NODELAY");
    one.non_blocking(true, failed);
    check(failed, "ioctl FIONBIO");
    // The first is bound before it agrees to share, so that a port in use by another process is refused.
    const bool is_first = &one == &all_.front();
    if (is_first) {
      one.bind(address, failed);
      check(failed, "bind " + where);
      address.port(one.local_endpoint().port());
    }
    const int on = 1;
    if (::setsockopt(one.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
      throw std::system_error(errno, std::generic_category(), "setsockopt SO_REUSEPORT");
    }
    if (!is_first) {
      one.bind(address, failed);
      check(failed, "bind " + where);
    }
    one.listen(request_limits::listen_backlog, failed);
    check(failed, "listen " + where);
  }
  address_ = address;
  return address.port();
}

// On Linux shutdown() takes a socket out of listening and leaves its port with it, if it was bound to that
// very port: the first was bound to any, and loses it.
void listen_queues::stop_listening() {
  for (auto& one : all_) {
    error_code ignored;
    one.cancel(ignored);
    ::shutdown(one.native_handle(), SHUT_RDWR);
  }
}

bool listen_queues::listen_again() {
  for (auto& one : all_) {
    error_code failed;
    if (one.local_endpoint(failed).port() == 0) one.bind(address_, failed);
    if (!failed) one.listen(request_limits::listen_backlog, failed);
    if (failed) return false;
  }
  return true;
}

void listen_queues::close() {
  error_code ignored;
  for (auto& one : all_) one.close(ignored);
}

/// Performs a fault's script on a socket that does not block, as far as it goes, and says what to wait for. A
/// piece that is sent again and again yields after each time, so that a client which takes all of it does not
/// keep the engine from others. Owned by its connection, on the engine's thread.
class script_player {
 public:
  explicit script_player(fault_script script);

  enum class next {
    when_writable,
    when_readable,
    at_its_moment,  ///< see moment()
    request,        ///< over, and the connection goes on
    nothing,        ///< over, and the connection with it
    refusal,        ///< go on at once, with no new connections for a while
  };
  /// What the client sends meanwhile is dropped into `scratch`.
  next perform(boost::asio::ip::tcp::socket& socket, std::span<char> scratch);

  std::chrono::steady_clock::time_point moment() const { return moment_; }

 private:
  using clock = std::chrono::steady_clock;

  next end(boost::asio::ip::tcp::socket& socket, std::span<char> scratch);
  next hold(boost::asio::ip::tcp::socket& socket, std::span<char> scratch);
  next reset(boost::asio::ip::tcp::socket& socket);

  fault_script script_;
  std::size_t piece_ = 0;
  std::uint64_t times_sent_ = 0;
  std::size_t sent_bytes_ = 0;  // of the piece, this time
  clock::time_point moment_;
  clock::time_point reset_at_latest_ = clock::time_point::max();
};

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

bool has_unsent_bytes(tcp::socket& socket) {
  int bytes = 0;
  return ::ioctl(socket.native_handle(), SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

}  // namespace

script_player::script_player(fault_script script) : script_(std::move(script)) {}

script_player::next script_player::perform(tcp::socket& socket, std::span<char> scratch) {
  while (piece_ < script_.chunks.size()) {
    const fault_script::chunk& piece = script_.chunks[piece_];
    while (sent_bytes_ < piece.bytes.size()) {
      error_code failed;
      sent_bytes_ += socket.write_some(asio::buffer(piece.bytes) + sent_bytes_, failed);
      if (failed == asio::error::would_block) return next::when_writable;
      if (failed) return next::nothing;
    }
    sent_bytes_ = 0;
    if (++times_sent_ < piece.times) {
      if (piece.pause == 0ms) return next::when_writable;
      moment_ = clock::now() + piece.pause;
      return next::at_its_moment;
    }
    times_sent_ = 0;
    ++piece_;
  }
  return end(socket, scratch);
}

script_player::next script_player::end(tcp::socket& socket, std::span<char> scratch) {
  switch (script_.final_action) {
    case fault_script::action::keep_open:
      return next::request;
    case fault_script::action::hold:
      return hold(socket, scratch);
    case fault_script::action::refuse:
      // In this order, so that whoever has seen the reset is refused.
      script_.final_action = fault_script::action::reset;
      return next::refusal;
    case fault_script::action::reset:
      return reset(socket);
    case fault_script::action::close:
      break;
  }
  return next::nothing;
}

script_player::next script_player::hold(tcp::socket& socket, std::span<char> scratch) {
  error_code failed;
  while (!failed) socket.receive(asio::buffer(scratch.data(), scratch.size()), 0, failed);
  return failed == asio::error::would_block ? next::when_readable : next::nothing;
}

// RST takes back what the client's kernel does not have yet: so that comes first, if it takes it within a
// second. Closed here, since Asio would take SO_LINGER back in the socket's destructor.
script_player::next script_player::reset(tcp::socket& socket) {
  const clock::time_point now = clock::now();
  if (reset_at_latest_ == clock::time_point::max()) reset_at_latest_ = now + 1s;
  if (now < reset_at_latest_ && has_unsent_bytes(socket)) {
    moment_ = now + 1ms;
    return next::at_its_moment;
  }
  error_code ignored;
  socket.set_option(asio::socket_base::linger{true, 0}, ignored);
  socket.close(ignored);
  return next::nothing;
}

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
  auto script = server_.faults()->apply(asked, reader_->scrape_tag(), response.content, response.latency);
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

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

}  // namespace

event_server::event_server(site& served, const response_latency& latency,
                           const std::optional<fault_settings>& faults)
    : served_(served, latency, engine_kind::beast, 0ms) {
  if (faults) faults_.emplace(served, *faults);
}

std::uint16_t event_server::listen(const std::string& host, std::uint16_t port) {
  const std::uint16_t listened = queues_.open(host, port);
  for (auto& queue : queues_) served_.add_listening_socket(queue.native_handle());
  return listened;
}

void event_server::run() {
  for (auto& queue : queues_) accept_when_possible(queue);
  end_silent_connections_in_time();
  loop_.run();
}

void event_server::stop() { loop_.stop(); }

void event_server::close() {
  served_.forget_listening_sockets();
  queues_.close();
  connections_.clear();
}

void event_server::accept_when_possible(tcp::acceptor& queue) {
  queue.async_wait(tcp::acceptor::wait_read, [this, &queue](error_code failed) {
    if (failed || refuses_) return;
    if (accept_all(queue)) return accept_when_possible(queue);
    // No descriptors are left, and the socket stays readable: look again when some may be.
    const auto later = std::make_shared<asio::steady_timer>(loop_, 10ms);
    later->async_wait([this, &queue, later](error_code) { accept_when_possible(queue); });
  });
}

// False when the process has no room for another connection.
bool event_server::accept_all(tcp::acceptor& queue) {
  for (;;) {
    error_code failed;
    tcp::socket socket = queue.accept(failed);
    if (failed == asio::error::would_block) return true;
    if (failed == asio::error::connection_aborted) continue;
    if (!failed) socket.non_blocking(true, failed);
    if (failed) return false;
    served_.log().connection_accepted();
    connections_.emplace_front(*this, std::move(socket));
    connections_.front().start(connections_.begin());
  }
}

// Those that are in its queues are let in first: the kernel would reset them.
void event_server::refuse_connections_for_a_while() {
  if (std::exchange(refuses_, true)) return;
  for (auto& queue : queues_) accept_all(queue);
  queues_.stop_listening();
  listen_again_in_time();
}

void event_server::listen_again_in_time() {
  refusal_.expires_after(refusal);
  refusal_.async_wait([this](error_code cancelled) {
    if (cancelled) return;
    if (!queues_.listen_again()) return listen_again_in_time();
    refuses_ = false;
    for (auto& queue : queues_) accept_when_possible(queue);
  });
}

void event_server::wait_until(clock::time_point moment, event_connection& connection) {
  waiting_.push(moment, &connection);
  if (moment < timer_moment_) arm_timer();
}

void event_server::forget(std::list<event_connection>::iterator connection) {
  connections_.erase(connection);
}

void event_server::arm_timer() {
  timer_moment_ = waiting_.next();
  timer_.expires_at(timer_moment_);
  timer_.async_wait([this](error_code cancelled) {
    if (!cancelled) release_due();
  });
}

// Those that come to be due meanwhile have their turn after the sockets that are ready: to look for them
// before each socket instead made nothing less late and a wave of 10,000 take 6 % longer.
void event_server::release_due() {
  timer_moment_ = clock::time_point::min();
  const clock::time_point now = clock::now();
  while (event_connection* const due = waiting_.pop_due(now)) due->moment_has_come();
  timer_moment_ = clock::time_point::max();
  if (!waiting_.empty()) arm_timer();
}

void event_server::end_silent_connections_in_time() {
  patience_.expires_after(request_limits::patience / 8);
  patience_.async_wait([this](error_code cancelled) {
    if (cancelled) return;
    const clock::time_point since = clock::now() - request_limits::patience;
    for (event_connection& one : connections_) one.give_up_if_silent_since(since);
    end_silent_connections_in_time();
  });
}

namespace {

class event_engine final : public server_engine {
 public:
  event_engine(site& served, const options& how) : server_(served, how.latency, how.faults) {
    port_ = server_.listen(how.host, how.port);
    thread_ = std::thread([this] { server_.run(); });
  }

  ~event_engine() override { event_engine::stop(); }

  std::uint16_t port() const override { return port_; }
  server_stats stats() const override { return server_.served().stats(); }

  void stop() override {
    server_.stop();
    if (!thread_.joinable()) return;
    thread_.join();
    server_.close();
  }

 private:
  event_server server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<server_engine> make_event_engine(site& served, const server_engine::options& how) {
  return std::make_unique<event_engine>(served, how);
}

std::string boost_version() {
  return std::to_string(BOOST_VERSION / 100'000) + "." + std::to_string(BOOST_VERSION / 100 % 1'000) + "." +
         std::to_string(BOOST_VERSION % 100);
}

}  // namespace farebench
