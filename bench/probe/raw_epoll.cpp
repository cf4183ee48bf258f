#include "bench/probe/raw_epoll.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "bench/probe/response_head.hpp"
#include "farebench/fare_scanner.hpp"
#include "farebench/site_protocol.hpp"
#include "farebench/strategy.hpp"
#include "lib/system/file_descriptor.hpp"

namespace farebench {

/// Where a site listens, as the floor takes it: no names, no TLS.
struct site_address {
  sockaddr_in socket_address;
  std::string host;  ///< "127.0.0.1:8080", for the Host header
};

/// From "http://127.0.0.1:8080"; std::invalid_argument, in one line, for anything else.
site_address parse_site_address(std::string_view base_url);

site_address parse_site_address(std::string_view base_url) {
  constexpr std::string_view scheme = "http://";
  const auto refuse = [&] {
    return std::invalid_argument{
        fmt::format("'{}' is not a base URL that raw_epoll takes: write an IPv4 address and a port, such as "
                    "http://127.0.0.1:8080",
                    base_url)};
  };
  if (!base_url.starts_with(scheme)) throw refuse();
  const auto host = base_url.substr(scheme.size());
  const auto colon = host.find(':');
  if (colon == std::string_view::npos) throw refuse();

  std::uint16_t port = 0;
  const auto digits = host.substr(colon + 1);
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  site_address parsed{.socket_address = {}, .host = std::string{host}};
  parsed.socket_address.sin_family = AF_INET;
  parsed.socket_address.sin_port = htons(port);
  const std::string address{host.substr(0, colon)};
  if (fault != std::errc{} || end != digits.data() + digits.size() || port == 0 ||
      ::inet_pton(AF_INET, address.c_str(), &parsed.socket_address.sin_addr) != 1) {
    throw refuse();
  }
  return parsed;
}

/// A worker of the floor: its kept connection and where its scrape is. Small, as there are W of them; what
/// only some need at a time is lent or allocated for as long.
struct raw_connection {
  enum class phase : std::uint8_t {
    idle,        ///< no query: not yet, or none are left
    connecting,  ///< the start page's request waits for the connection
    start_page,
    search,
  };

  file_descriptor socket;  ///< none until the first query, and after a failure
  phase now = phase::idle;
  bool has_begun = false;        ///< its first query
  bool in_body = false;          ///< of the present phase's response
  std::uint32_t index = 0;       ///< of the query
  std::uint32_t started_ms = 0;  ///< the present exchange, since the batch's start
  std::uint32_t body_left = 0;   ///< bytes
  std::string form;              ///< of the search, made with the query and sent once there is a session
  /// Present only when a response came in pieces: the head so far, or in the start page's body the session.
  std::unique_ptr<std::string> held;
  std::unique_ptr<fare_scanner> scanner;  ///< lent while the page of fares arrives
};

/// One run of the floor: W connections under one epoll. Made, run and destroyed in one thread; the sink and
/// query_at are called from within run().
///
/// Deadlines are coarse: all connections are looked through eight times within the shortest limit, so an
/// exchange ends at most an eighth of that late. That is what a timer a connection would cost, saved.
class raw_batch {
 public:
  /// Throws std::invalid_argument for a base_url that the floor does not take, std::system_error without
  /// epoll. `work` and `sink` must outlive it.
  raw_batch(const batch& work, const outcome_sink& sink);

  /// Returns when each query has had its outcome. Once.
  void run();

 private:
  using clock = std::chrono::steady_clock;

  // The queries.
  std::size_t position_of(const raw_connection& worker) const {
    return static_cast<std::size_t>(&worker - workers_.data());
  }
  void start_next(raw_connection& worker);
  void deliver(raw_connection& worker, outcome&& result);
  void fail(raw_connection& worker, fetch_error why);

  // The connection.
  void connect(raw_connection& worker);
  void watch(raw_connection& worker);
  bool send(raw_connection& worker, std::string_view request);
  void send_start_page_request(raw_connection& worker);
  void send_search_request(raw_connection& worker, std::string_view session);

  // The answers.
  void wait(std::chrono::milliseconds at_most);
  void on_event(raw_connection& worker, std::uint32_t events);
  void receive(raw_connection& worker, bool until_its_end);
  void take(raw_connection& worker, std::string_view bytes);
  void take_head(raw_connection& worker, std::string_view bytes);
  void take_body(raw_connection& worker, std::string_view bytes, std::string_view session);
  void fail_overdue();

  const batch& work_;
  const outcome_sink& sink_;
  const site_address site_;
  const std::string start_page_request_;
  const std::string search_request_head_;  // up to the cookie's value
  const std::chrono::milliseconds look_every_;
  const clock::time_point begin_ = clock::now();
  std::uint32_t now_ms_ = 0;  // since begin_, as of the last wait

  file_descriptor epoll_;
  std::vector<raw_connection> workers_;
  std::size_t next_ = 0;                                 // the first query that nobody has
  std::size_t delivered_ = 0;                            // outcomes
  std::vector<std::unique_ptr<fare_scanner>> scanners_;  // lent to none
  std::string request_;                                  // of a search; kept, so that its memory is
  std::unique_ptr<char[]> buffer_;                       // what is read, of whichever connection
};

namespace {

using namespace std::chrono_literals;
using enum fetch_error_kind;
using phase = raw_connection::phase;

constexpr std::size_t buffer_bytes = 64 * 1024;
constexpr int events_at_once = 256;
/// Connections opened between two looks at what has arrived: a wave of all W at once would overflow the
/// listen queue, and let the first answers wait for the last connection.
constexpr std::size_t opened_at_once = 32;

std::string reason(int error) { return std::generic_category().message(error); }

fetch_error connect_error(int error) {
  const bool is_ours =
      error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EADDRNOTAVAIL;
  return {is_ours ? out_of_resources : connect_failed, reason(error)};
}

}  // namespace

raw_batch::raw_batch(const batch& work, const outcome_sink& sink)
    : work_{work},
      sink_{sink},
      site_{parse_site_address(work.base_url)},
      start_page_request_{
          fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n\r\n", start_page_path, site_.host)},
      search_request_head_{fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n"
                                       "Content-Type: application/x-www-form-urlencoded\r\nCookie: {}=",
                                       search_path, site_.host, session_cookie_name)},
      look_every_{std::clamp(
          std::min(work.policy.exchange.connect_timeout, work.policy.exchange.exchange_deadline) / 8,
          std::chrono::milliseconds{1}, std::chrono::milliseconds{250})},
      epoll_{::epoll_create1(EPOLL_CLOEXEC)},
      workers_(std::min(work.workers, work.size)),
      next_{workers_.size()},
      buffer_{std::make_unique_for_overwrite<char[]>(buffer_bytes)} {
  if (epoll_.get() < 0) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
}

void raw_batch::run() {
  std::size_t opened = 0;
  auto look_at_ms = static_cast<std::uint32_t>(look_every_.count());
  while (delivered_ < work_.size) {
    for (std::size_t i = 0; i < opened_at_once && opened < workers_.size(); ++i)
      start_next(workers_[opened++]);
    if (delivered_ == work_.size) return;
    wait(opened < workers_.size() ? 0ms : look_every_);
    if (now_ms_ < look_at_ms && !work_.stop.stop_requested()) continue;
    fail_overdue();
    look_at_ms = now_ms_ + static_cast<std::uint32_t>(look_every_.count());
  }
}

// Not recursive, however many queries fail at once: connect() says by the phase whether one has.
void raw_batch::start_next(raw_connection& worker) {
  while (worker.now == phase::idle && (!worker.has_begun || next_ < work_.size)) {
    worker.index = static_cast<std::uint32_t>(worker.has_begun ? next_++ : position_of(worker));
    worker.has_begun = true;
    if (work_.stop.stop_requested()) {
      deliver(worker, std::unexpected(fetch_error{cancelled, {}}));
      continue;
    }
    auto form = search_form_body(work_.query_at(worker.index));
    if (!form) {
      deliver(worker, std::unexpected(std::move(form).error()));
      continue;
    }
    worker.form = *std::move(form);
    worker.started_ms = now_ms_;
    if (worker.socket.get() < 0) {
      connect(worker);
    } else {
      send_start_page_request(worker);
    }
  }
}

void raw_batch::deliver(raw_connection& worker, outcome&& result) {
  worker.now = phase::idle;
  ++delivered_;
  sink_(worker.index, std::move(result));
}

void raw_batch::fail(raw_connection& worker, fetch_error why) {
  worker.socket.reset();  // closed, it leaves the epoll too
  worker.in_body = false;
  worker.held.reset();
  // A scanner in the middle of a page is not as new, and never lent again.
  worker.scanner.reset();
  deliver(worker, std::unexpected(std::move(why)));
}

void raw_batch::connect(raw_connection& worker) {
  worker.socket = file_descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (worker.socket.get() < 0) return fail(worker, connect_error(errno));
  const int on = 1;
  ::setsockopt(worker.socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* const address = reinterpret_cast<const sockaddr*>(&site_.socket_address);
  if (::connect(worker.socket.get(), address, sizeof site_.socket_address) != 0 && errno != EINPROGRESS)
    return fail(worker, connect_error(errno));
  // On loopback the connection is there by now, and the wait for it is saved.
  worker.now = phase::connecting;
  send_start_page_request(worker);
  if (worker.now != phase::idle) watch(worker);
}

void raw_batch::watch(raw_connection& worker) {
  epoll_event wanted{};
  // Edge-triggered: one entry for the connection's whole life. What happened already is an edge too.
  wanted.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  if (worker.now == phase::connecting) wanted.events |= EPOLLOUT;
  wanted.data.u64 = position_of(worker);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, worker.socket.get(), &wanted) != 0)
    fail(worker, {out_of_resources, reason(errno)});
}

/// A request is some hundred bytes and the socket's buffer empty, so it goes whole or not at all. False: it
/// did not go, and the worker has failed or, within `connecting`, goes on waiting.
bool raw_batch::send(raw_connection& worker, std::string_view request) {
  ssize_t sent;
  do {
    sent = ::send(worker.socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent == static_cast<ssize_t>(request.size())) return true;
  const bool is_connecting = worker.now == phase::connecting;
  if (sent < 0 && errno == EAGAIN && is_connecting) return false;
  if (sent < 0 && is_connecting) {
    fail(worker, connect_error(errno));
  } else {
    fail(worker, {connection_lost, sent < 0 ? reason(errno) : "a request was sent in part"});
  }
  return false;
}

void raw_batch::send_start_page_request(raw_connection& worker) {
  if (!send(worker, start_page_request_)) return;
  worker.now = phase::start_page;
  worker.started_ms = now_ms_;
}

void raw_batch::send_search_request(raw_connection& worker, std::string_view session) {
  request_ = search_request_head_;
  fmt::format_to(std::back_inserter(request_), "{}\r\nContent-Length: {}\r\n\r\n{}", session,
                 worker.form.size(), worker.form);
  worker.form = {};
  if (!send(worker, request_)) return;
  worker.now = phase::search;
  worker.started_ms = now_ms_;
}

void raw_batch::wait(std::chrono::milliseconds at_most) {
  std::array<epoll_event, events_at_once> events;
  const int ready =
      ::epoll_wait(epoll_.get(), events.data(), events_at_once, static_cast<int>(at_most.count()));
  if (ready < 0 && errno != EINTR) throw std::system_error{errno, std::generic_category(), "epoll_wait"};
  now_ms_ = static_cast<std::uint32_t>((clock::now() - begin_) / 1ms);
  // No event can be of a socket that is gone: a worker's is closed and opened only within its own event.
  for (int i = 0; i < ready; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    raw_connection& worker = workers_[event.data.u64];
    on_event(worker, event.events);
    start_next(worker);
  }
}

void raw_batch::on_event(raw_connection& worker, std::uint32_t events) {
  if (worker.now == phase::idle) return;  // the site closes a connection that nobody needs
  if (worker.now == phase::connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(worker.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(worker, connect_error(error));
    send_start_page_request(worker);
    if (worker.now == phase::idle || worker.now == phase::connecting) return;
  }
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0)
    receive(worker, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

void raw_batch::receive(raw_connection& worker, bool until_its_end) {
  while (worker.now != phase::idle) {
    const ssize_t got = ::recv(worker.socket.get(), buffer_.get(), buffer_bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) return fail(worker, {connection_lost, reason(errno)});
    if (got == 0) return fail(worker, {connection_lost, "the site closed the connection"});
    take(worker, {buffer_.get(), static_cast<std::size_t>(got)});
    // A short read has drained the socket: what comes later is another edge.
    if (static_cast<std::size_t>(got) < buffer_bytes && !until_its_end) return;
  }
}

void raw_batch::take(raw_connection& worker, std::string_view bytes) {
  if (!worker.in_body) return take_head(worker, bytes);
  const std::unique_ptr<std::string> session =
      worker.now == phase::start_page ? std::move(worker.held) : nullptr;
  take_body(worker, bytes, session ? std::string_view{*session} : std::string_view{});
}

void raw_batch::take_head(raw_connection& worker, std::string_view bytes) {
  const std::unique_ptr<std::string> whole = std::move(worker.held);
  if (whole) bytes = whole->append(bytes);
  const auto read = read_response_head(bytes);
  if (!read) return fail(worker, read.error());
  const auto limits = work_.policy.exchange;
  if ((*read ? (*read)->bytes : bytes.size()) > limits.max_header_bytes)
    return fail(worker,
                {header_too_large, fmt::format("more than {} bytes of headers", limits.max_header_bytes)});
  if (!*read) {
    worker.held = std::make_unique<std::string>(bytes);
    return;
  }
  const response_head& head = **read;
  if (head.status != 200) return fail(worker, {unexpected_status, fmt::format("{}", head.status)});
  if (head.content_length > std::min<std::size_t>(limits.max_body_bytes, UINT32_MAX))
    return fail(worker, {body_too_large, fmt::format("more than {} bytes of body", limits.max_body_bytes)});
  if (worker.now == phase::start_page && head.session.empty())
    return fail(worker, {no_session, "the start page set no JSESSIONID"});

  worker.in_body = true;
  worker.body_left = static_cast<std::uint32_t>(head.content_length);
  if (worker.now == phase::search) {
    if (scanners_.empty()) scanners_.push_back(std::make_unique<fare_scanner>());
    worker.scanner = std::move(scanners_.back());
    scanners_.pop_back();
  }
  take_body(worker, bytes.substr(head.bytes), head.session);
}

void raw_batch::take_body(raw_connection& worker, std::string_view bytes, std::string_view session) {
  if (bytes.size() > worker.body_left)
    return fail(worker, {bad_response, "more bytes than its Content-Length"});
  worker.body_left -= static_cast<std::uint32_t>(bytes.size());
  if (worker.scanner) worker.scanner->feed(bytes);
  if (worker.body_left > 0) {
    if (worker.now == phase::start_page) worker.held = std::make_unique<std::string>(session);
    return;
  }
  worker.in_body = false;
  if (worker.now == phase::start_page) return send_search_request(worker, session);
  outcome result = worker.scanner->finish();
  scanners_.push_back(std::move(worker.scanner));
  deliver(worker, std::move(result));
}

void raw_batch::fail_overdue() {
  const bool stopped = work_.stop.stop_requested();
  for (raw_connection& worker : workers_) {
    if (worker.now == phase::idle) continue;
    const bool is_connecting = worker.now == phase::connecting;
    const auto limit = is_connecting ? std::min(work_.policy.exchange.connect_timeout,
                                                work_.policy.exchange.exchange_deadline)
                                     : work_.policy.exchange.exchange_deadline;
    const std::chrono::milliseconds spent{now_ms_ - worker.started_ms};
    if (stopped) {
      fail(worker, {cancelled, {}});
    } else if (spent > limit) {
      fail(worker, {is_connecting ? connect_timeout : deadline_exceeded,
                    fmt::format("not done within {} ms", limit.count())});
    } else {
      continue;
    }
    start_next(worker);
  }
}

void raw_epoll::run(const batch& work, const outcome_sink& sink) {
  if (work.workers == 0) throw std::invalid_argument{"a batch needs at least one worker"};
  if (!work.query_at) throw std::invalid_argument{"a batch needs a query_at"};
  raw_batch{work, sink}.run();
}

}  // namespace farebench
