#include <httplib.h>
#include <semaphore.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <future>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "mock_server/engines/served_site.hpp"
#include "mock_server/engines/server_engine.hpp"
#include "mock_server/site/results_page.hpp"

namespace farebench {

/// A connection being served, and the way to end it from outside. Owned by the thread that serves it;
/// interrupt() comes from any.
class connection {
 public:
  explicit connection(int socket);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  int socket() const { return socket_; }

  /// True at `moment`; false, at once, when interrupted.
  bool wait_until(std::chrono::steady_clock::time_point moment);
  /// Ends a wait and any read or write of the socket, now and later ones.
  void interrupt();

 private:
  const int socket_;
  sem_t interrupted_;  // posted once and for all
};

/// All connections of an engine, so that it can end. Any thread.
class open_connections {
 public:
  /// After interrupt_all() a connection that enters is interrupted as well.
  void enter(connection& one);
  void leave(connection& one);
  void interrupt_all();

 private:
  std::mutex mutex_;
  std::set<connection*> open_;
  bool ending_ = false;
};

connection::connection(int socket) : socket_(socket) { ::sem_init(&interrupted_, 0, 0); }
connection::~connection() { ::sem_destroy(&interrupted_); }

// A semaphore and not clock_nanosleep, which nothing but a signal could end: with a latency of an hour a
// server must still stop at once. Both sleep on the same high-resolution timer; a condition variable does
// too, but costs a second system call after each timeout (5 % of a response, measured).
bool connection::wait_until(std::chrono::steady_clock::time_point moment) {
  if (moment <= std::chrono::steady_clock::now()) return true;
  // steady_clock is CLOCK_MONOTONIC in libstdc++ and libc++ on Linux.
  const auto since_boot = moment.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  const timespec until{.tv_sec = seconds.count(),
                       .tv_nsec = std::chrono::nanoseconds{since_boot - seconds}.count()};
  int result;
  do {
    result = ::sem_clockwait(&interrupted_, CLOCK_MONOTONIC, &until);
  } while (result != 0 && errno == EINTR);
  if (result == 0) ::sem_post(&interrupted_);  // for good
  return result != 0;
}

void connection::interrupt() {
  ::sem_post(&interrupted_);
  ::shutdown(socket_, SHUT_RDWR);
}

void open_connections::enter(connection& one) {
  const std::lock_guard lock{mutex_};
  open_.insert(&one);
  if (ending_) one.interrupt();
}

void open_connections::leave(connection& one) {
  const std::lock_guard lock{mutex_};
  open_.erase(&one);
}

void open_connections::interrupt_all() {
  const std::lock_guard lock{mutex_};
  ending_ = true;
  for (connection* const one : open_) one->interrupt();
}

/// The stream that cpp-httplib reads a request from and writes its response to: reads come from one
/// buffer, which outlives the request, and writes are held back until flush() sends them whole. So a
/// response can be rendered first and leave when it is due, in as few writes as it takes.
///
/// A request may be request_limits::request_bytes long, head and body: the library itself bounds neither its
/// header lines nor a chunked body (CVE-2025-53628, CVE-2025-46728). Owned by the connection's thread.
class response_stream final : public httplib::Stream {
 public:
  explicit response_stream(int socket) : socket_(socket) {}

  /// Waits for the first bytes of the next request; false when the peer has closed the connection, or
  /// has been silent for the socket's receive timeout.
  bool next_request();
  /// Reads and drops that many bytes of the request. False when they don't come, or are too many.
  bool skip(std::size_t size);
  /// Sends what was written; false when the peer has gone or was not reading for the socket's timeout.
  bool flush();

  /// Nothing more can be read: the peer has gone, or its request was too long. What was written can
  /// still be sent in the second case.
  bool is_at_end() const { return failed_ || request_bytes_left_ == 0; }

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* bytes, std::size_t size) override;
  ssize_t write(const char* bytes, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  bool receive();

  const int socket_;
  std::array<char, 4096> input_;
  std::size_t input_start_ = 0;
  std::size_t input_end_ = 0;
  std::size_t request_bytes_left_ = 0;
  std::string output_;
  bool failed_ = false;  // the socket is of no more use
};

bool response_stream::receive() {
  ssize_t got;
  do {
    got = ::recv(socket_, input_.data(), input_.size(), 0);
  } while (got < 0 && errno == EINTR);
  input_start_ = 0;
  input_end_ = got > 0 ? static_cast<std::size_t>(got) : 0;
  return got > 0;
}

bool response_stream::next_request() {
  request_bytes_left_ = request_limits::request_bytes;
  return !failed_ && (input_start_ < input_end_ || receive());
}

ssize_t response_stream::read(char* bytes, std::size_t size) {
  // What was written before the request has been read is an interim response ("100 Continue"), and the
  // peer waits for it.
  if (!output_.empty() && !flush()) return -1;
  if (is_at_end()) return -1;
  if (input_start_ == input_end_ && !receive()) {
    failed_ = true;
    return -1;
  }
  const std::size_t count = std::min({size, input_end_ - input_start_, request_bytes_left_});
  std::memcpy(bytes, input_.data() + input_start_, count);
  input_start_ += count;
  request_bytes_left_ -= count;
  return static_cast<ssize_t>(count);
}

bool response_stream::skip(std::size_t size) {
  std::array<char, 1024> dropped;
  while (size > 0) {
    const ssize_t got = read(dropped.data(), std::min(size, dropped.size()));
    if (got <= 0) return false;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

ssize_t response_stream::write(const char* bytes, std::size_t size) {
  output_.append(bytes, size);
  return static_cast<ssize_t>(size);
}

bool response_stream::flush() {
  std::size_t sent = 0;
  while (!failed_ && sent < output_.size()) {
    const ssize_t count = ::send(socket_, output_.data() + sent, output_.size() - sent, MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      failed_ = true;
    }
  }
  output_.clear();  // its memory is kept for the next response
  return !failed_;
}

// The site does not look at addresses; asking the kernel for them would be four calls a request.
void response_stream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void response_stream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

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

namespace {

using clock = std::chrono::steady_clock;

void set_content(httplib::Response& response, site_response&& content) {
  response.status = content.status;
  for_each_header(content,
                  [&](const char* name, const std::string& value) { response.set_header(name, value); });
  response.body = std::move(content.body);
}

}  // namespace

// One request and its response, on one connection.
struct httplib_server::exchange {
  connection& peer;
  response_stream& stream;
  clock::time_point arrival;
  std::chrono::nanoseconds latency;
  bool head_read = false;
  bool counts = false;  // not /stats
  bool must_close = false;
};

thread_local httplib_server::exchange* httplib_server::current_ = nullptr;

httplib_server::httplib_server(site& served, const response_latency& latency)
    : served_(served, latency, engine_kind::cpp_httplib, std::chrono::milliseconds{100}) {
  // Nagle's algorithm would hold every second response on a connection back by 44 ms.
  set_tcp_nodelay(true);
  // The library's own default is SO_REUSEPORT, with which a second server on the port would start and
  // take half of the connections, rather than be refused.
  set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  set_keep_alive_max_count(request_limits::requests_a_connection);
  set_keep_alive_timeout(request_limits::patience.count());
  set_read_timeout(request_limits::patience);
  set_write_timeout(request_limits::patience);
  set_payload_max_length(request_limits::form_bytes);

  set_pre_routing_handler([this](const auto& request, auto& response) { return route(request, response); });
  Post(std::string{start_target}, [this](const auto& request, auto& response) { answer(request, response); });
  set_exception_handler([this](const auto&, auto& response, const std::exception_ptr&) {
    set_content(response, served_.refusal(500).content);
  });
  // What the library itself refuses comes without a word: say why.
  set_error_handler(HandlerWithResponse{[this](const httplib::Request&, httplib::Response& response) {
    if (response.body.empty()) set_content(response, served_.refusal(response.status).content);
    return HandlerResponse::Handled;
  }});
}

std::uint16_t httplib_server::bind(const std::string& host, std::uint16_t port) {
  const std::string where = host + ":" + std::to_string(port);
  errno = 0;
  const int bound = port == 0 ? bind_to_any_port(host) : (bind_to_port(host, port) ? port : -1);
  if (bound < 0) {
    throw std::system_error(errno != 0 ? errno : EADDRNOTAVAIL, std::generic_category(), "bind " + where);
  }
  // The library listens with a backlog of 5: of 100 clients that connect at once, most would be dropped.
  if (::listen(svr_sock_, request_limits::listen_backlog) != 0) {
    throw std::system_error(errno, std::generic_category(), "listen " + where);
  }
  served_.add_listening_socket(svr_sock_);
  return static_cast<std::uint16_t>(bound);
}

void httplib_server::interrupt_connections() {
  served_.forget_listening_sockets();  // stop() closes it
  connections_.interrupt_all();
}

bool httplib_server::process_and_close_socket(socket_t socket) {
  connection peer{socket};
  connections_.enter(peer);
  response_stream stream{socket};
  bool goes_on = true;
  while (goes_on && stream.next_request()) {
    exchange now{
        .peer = peer, .stream = stream, .arrival = clock::now(), .latency = served_.refusal_latency()};
    current_ = &now;
    goes_on = answer_next(now);
    current_ = nullptr;
  }
  connections_.leave(peer);
  ::shutdown(socket, SHUT_RDWR);
  ::close(socket);
  return true;
}

// Renders the response, waits until it is due, and sends it. False when the connection is to be closed.
bool httplib_server::answer_next(exchange& now) {
  bool client_closes = false;
  const bool rendered = process_request(now.stream, false, client_closes,
                                        [&](httplib::Request& request) { request_head_read(now, request); });
  if (rendered && !now.head_read) {  // refused before it could be routed
    now.counts = true;
    served_.log().arrived();
  }
  if (!now.counts) return rendered && now.stream.flush() && !client_closes && !now.must_close;

  const clock::time_point due = now.arrival + now.latency;
  if (!rendered || !now.peer.wait_until(due)) {
    served_.log().abandoned();
    return false;
  }
  served_.log().leaving();
  const bool sent = now.stream.flush();
  served_.log().left(clock::now() - due);
  return sent && now.head_read && !client_closes && !now.must_close && !now.stream.is_at_end();
}

void httplib_server::request_head_read(exchange& now, httplib::Request& request) {
  now.head_read = true;
  now.counts = served_site::counts(request.target);
  if (now.counts) served_.log().arrived();
  // The library would compress whatever a client accepts compressed, and cut whatever range it asks for: work
  // that is not the site's, and not the same for every client.
  request.headers.erase("Accept-Encoding");
  request.headers.erase("Content-Encoding");
  request.ranges.clear();
  // A body without a length is empty (RFC 9112, 6.3), where the library would read until the client closes.
  if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding")) {
    request.set_header("Content-Length", "0");
  }
}

// Only a form's body is of interest: everything else is answered here, its body dropped.
httplib::Server::HandlerResponse httplib_server::route(const httplib::Request& request,
                                                       httplib::Response& response) {
  if (served_site::reads_body(request.method, request.target)) return HandlerResponse::Unhandled;
  const std::string length_text = request.get_header_value("Content-Length");
  std::size_t length = 0;
  std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
  if (request.has_header("Transfer-Encoding") || !current_->stream.skip(length)) current_->must_close = true;

  answer(request, response);
  return HandlerResponse::Handled;
}

void httplib_server::answer(const httplib::Request& request, httplib::Response& response) {
  const std::string cookie = request.get_header_value("Cookie");
  const std::string content_type = request.get_header_value("Content-Type");
  const site_request asked{.method = request.method,
                           .target = request.target,
                           .cookie = cookie,
                           .content_type = content_type,
                           .body = request.body};
  timed_response answered = served_.answer(asked);
  current_->latency = answered.latency;
  set_content(response, std::move(answered.content));
}

namespace {

// 256 connections of the clients that are measured, and a few for /stats beside them.
constexpr std::size_t connection_threads = 256 + 8;

// A thread a connection, all started before the first one comes. Counts what it is given.
class connection_threads_queue final : public httplib::TaskQueue {
 public:
  explicit connection_threads_queue(response_log& log) : log_(log), threads_(connection_threads) {}

  void enqueue(std::function<void()> serve) override {
    log_.connection_accepted();
    threads_.enqueue(std::move(serve));
  }
  void shutdown() override { threads_.shutdown(); }

 private:
  response_log& log_;
  httplib::ThreadPool threads_;
};

class httplib_engine final : public server_engine {
 public:
  httplib_engine(site& served, const options& how) : server_(served, how.latency) {
    if (how.faults) throw std::invalid_argument("the cpp-httplib engine has no faults");
    port_ = server_.bind(how.host, how.port);
    server_.new_task_queue = [this]() -> httplib::TaskQueue* {
      auto* const queue = new connection_threads_queue(server_.log());  // the library deletes it
      ready_.set_value();
      return queue;
    };
    acceptor_ = std::thread([this] {
      // The kernel may end a sleep this much late to spare wake-ups, 50 µs by default. Threads started
      // from here inherit it.
      ::prctl(PR_SET_TIMERSLACK, 1UL);
      server_.listen_after_bind();
    });
    ready_.get_future().wait();
  }

  ~httplib_engine() override { httplib_engine::stop(); }

  std::uint16_t port() const override { return port_; }
  server_stats stats() const override { return server_.stats(); }

  void stop() override {
    server_.interrupt_connections();
    server_.stop();  // is heard, since is_running() before the constructor returned
    if (acceptor_.joinable()) acceptor_.join();
  }

 private:
  httplib_server server_;
  std::uint16_t port_ = 0;
  std::promise<void> ready_;
  std::thread acceptor_;
};

}  // namespace

std::unique_ptr<server_engine> make_httplib_engine(site& served, const server_engine::options& how) {
  return std::make_unique<httplib_engine>(served, how);
}

std::unique_ptr<server_engine> make_engine(engine_kind kind, site& served,
                                           const server_engine::options& how) {
  return kind == engine_kind::beast ? make_event_engine(served, how) : make_httplib_engine(served, how);
}

std::string httplib_version() { return CPPHTTPLIB_VERSION; }

}  // namespace farebench
