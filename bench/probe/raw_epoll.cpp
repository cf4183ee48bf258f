#include "bench/probe/raw_epoll.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
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
#include "lib/system/local_ports.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using enum fetch_error_kind;
using clock = std::chrono::steady_clock;

constexpr std::size_t buffer_bytes = 64 * 1024;
constexpr int max_events = 256;

/// Connections opened before events are handled again. If all W were opened at once, the first responses
/// would wait for the last connection.
constexpr std::size_t max_connects_per_turn = 32;

struct site_address {
  sockaddr_in socket_address;
  /// "127.0.0.1:8080", for the Host header field.
  std::string host;
};

/// Parses "http://127.0.0.1:8080". Throws std::invalid_argument for other URLs.
site_address parse_site_address(std::string_view base_url) {
  constexpr std::string_view scheme = "http://";
  const std::invalid_argument refusal{
      fmt::format("raw_epoll cannot use the base URL '{}': write an IPv4 address and a port, such as "
                  "http://127.0.0.1:8080",
                  base_url)};
  if (!base_url.starts_with(scheme)) throw refusal;
  const auto host = base_url.substr(scheme.size());
  const auto colon = host.find(':');
  if (colon == std::string_view::npos) throw refusal;

  std::uint16_t port = 0;
  const auto digits = host.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  site_address parsed{.socket_address = {}, .host = std::string{host}};
  parsed.socket_address.sin_family = AF_INET;
  parsed.socket_address.sin_port = htons(port);
  const std::string address{host.substr(0, colon)};
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0 ||
      ::inet_pton(AF_INET, address.c_str(), &parsed.socket_address.sin_addr) != 1) {
    throw refusal;
  }
  return parsed;
}

std::string error_text(int error) { return std::generic_category().message(error); }

fetch_error connect_error(int error) {
  const bool is_local =
      error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EADDRNOTAVAIL;
  return {is_local ? out_of_resources : connect_failed, error_text(error)};
}

enum class phase : std::uint8_t {
  /// No item.
  idle,
  /// The first request waits for the connection.
  connecting,
  start_page,
  search,
  page,
};

/// A connection and the state of its item. Small because there are W of them.
struct raw_worker {
  /// Empty before the first item and after a failure; if connections are fresh, after each item.
  file_descriptor socket;
  phase state = phase::idle;
  /// Has had its first item.
  bool has_started = false;
  /// The head of the phase's response is complete.
  bool in_body = false;
  std::uint32_t index = 0;
  /// Start of the exchange, since the start of the batch.
  std::uint32_t started_ms = 0;
  std::uint32_t body_bytes_left = 0;
  /// Body of the search request, or path of the page; empty once it is sent.
  std::string unsent;
  /// Present while a response is incomplete: the head so far, or the session while the start page's body
  /// arrives.
  std::unique_ptr<std::string> partial;
  /// Present while the results page arrives.
  std::unique_ptr<fare_scanner> scanner;
};

/// One run of a batch. Bound to one thread, which also calls the batch's functions and the sink, within
/// run().
class raw_batch {
 public:
  /// `work` and `sink` must outlive the object. Throws std::invalid_argument for an unsupported base URL and
  /// std::system_error if there is no epoll.
  raw_batch(const batch& work, const outcome_sink& sink);

  /// Returns when each item has its outcome. Call it once.
  void run();

 private:
  std::size_t position_of(const raw_worker& worker) const {
    return static_cast<std::size_t>(&worker - workers_.data());
  }

  bool fetches_pages() const { return !work_.query_at; }
  std::expected<std::string, fetch_error> unsent_of(std::size_t index) const;
  void start_next(raw_worker& worker);
  void complete(raw_worker& worker, outcome&& result);
  void deliver(raw_worker& worker, outcome&& result);
  void fail(raw_worker& worker, fetch_error error);

  void connect(raw_worker& worker);
  void register_socket(raw_worker& worker);
  bool send(raw_worker& worker, std::string_view request);
  void send_first_request(raw_worker& worker);
  void send_search_request(raw_worker& worker, std::string_view session);

  void poll_once(std::chrono::milliseconds timeout);
  void handle_event(raw_worker& worker, std::uint32_t events);
  void receive(raw_worker& worker, bool until_end);
  void handle_bytes(raw_worker& worker, std::string_view bytes);
  void handle_head(raw_worker& worker, std::string_view bytes);
  void handle_body(raw_worker& worker, std::string_view bytes, std::string_view session);
  void expire_deadlines();

  const batch& work_;
  const outcome_sink& sink_;
  const site_address site_;
  const std::string start_page_request_;
  // Up to the cookie's value.
  const std::string search_request_head_;
  const std::chrono::milliseconds deadline_check_interval_;
  const clock::time_point begin_ = clock::now();
  // Since begin_, as of the last poll.
  std::uint32_t now_ms_ = 0;

  file_descriptor epoll_;
  std::vector<raw_worker> workers_;
  // First item without a worker.
  std::size_t next_index_ = 0;
  std::size_t delivered_ = 0;
  std::vector<std::unique_ptr<fare_scanner>> free_scanners_;
  // A request with a variable part; a member, so that its memory is reused.
  std::string request_;
  // Shared by all connections.
  std::unique_ptr<char[]> buffer_;
};

raw_batch::raw_batch(const batch& work, const outcome_sink& sink)
    : work_{work},
      sink_{sink},
      site_{parse_site_address(work.base_url)},
      start_page_request_{
          fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n\r\n", start_page_path, site_.host)},
      search_request_head_{fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n"
                                       "Content-Type: application/x-www-form-urlencoded\r\nCookie: {}=",
                                       search_path, site_.host, session_cookie_name)},
      deadline_check_interval_{std::clamp(
          std::min(work.policy.exchange.connect_timeout, work.policy.exchange.exchange_deadline) / 8,
          std::chrono::milliseconds{1}, std::chrono::milliseconds{250})},
      epoll_{::epoll_create1(EPOLL_CLOEXEC)},
      workers_(std::min(work.workers, work.size)),
      next_index_{workers_.size()},
      buffer_{std::make_unique_for_overwrite<char[]>(buffer_bytes)} {
  if (epoll_.get() < 0) throw_system_error("epoll_create1");
}

void raw_batch::run() {
  std::size_t opened = 0;
  auto next_check_ms = static_cast<std::uint32_t>(deadline_check_interval_.count());
  while (delivered_ < work_.size) {
    for (std::size_t i = 0; i < max_connects_per_turn && opened < workers_.size(); ++i)
      start_next(workers_[opened++]);
    if (delivered_ == work_.size) return;
    poll_once(opened < workers_.size() ? 0ms : deadline_check_interval_);
    if (now_ms_ < next_check_ms && !work_.stop.stop_requested()) continue;
    expire_deadlines();
    next_check_ms = now_ms_ + static_cast<std::uint32_t>(deadline_check_interval_.count());
  }
}

std::expected<std::string, fetch_error> raw_batch::unsent_of(std::size_t index) const {
  return fetches_pages() ? work_.pages.path_at(index) : search_form_body(work_.query_at(index));
}

// A loop, because recursion would be as deep as the number of items that fail at once.
void raw_batch::start_next(raw_worker& worker) {
  while (worker.state == phase::idle && (!worker.has_started || next_index_ < work_.size)) {
    worker.index = static_cast<std::uint32_t>(worker.has_started ? next_index_++ : position_of(worker));
    worker.has_started = true;
    if (work_.stop.stop_requested()) {
      deliver(worker, std::unexpected(fetch_error{cancelled, {}}));
      continue;
    }
    auto unsent = unsent_of(worker.index);
    if (!unsent) {
      deliver(worker, std::unexpected(std::move(unsent).error()));
      continue;
    }
    worker.unsent = *std::move(unsent);
    worker.started_ms = now_ms_;
    if (worker.socket.get() < 0) {
      connect(worker);
    } else {
      send_first_request(worker);
    }
  }
}

void raw_batch::deliver(raw_worker& worker, outcome&& result) {
  worker.state = phase::idle;
  ++delivered_;
  sink_(worker.index, std::move(result));
}

/// Delivers the outcome of an item whose last response is complete.
void raw_batch::complete(raw_worker& worker, outcome&& result) {
  if (work_.connections == connection_mode::fresh) worker.socket.reset();
  deliver(worker, std::move(result));
}

void raw_batch::fail(raw_worker& worker, fetch_error error) {
  // Closing the socket removes it from the epoll.
  worker.socket.reset();
  worker.in_body = false;
  worker.partial.reset();
  // In the middle of a page a scanner cannot be reused.
  worker.scanner.reset();
  deliver(worker, std::unexpected(std::move(error)));
}

void raw_batch::connect(raw_worker& worker) {
  worker.socket = file_descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (worker.socket.get() < 0) return fail(worker, connect_error(errno));
  if (workers_.size() >= many_connections) use_all_ports(worker.socket.get());
  // No TCP_NODELAY: a request is sent whole, when the site has acknowledged the one before by its response.
  const auto* const address = reinterpret_cast<const sockaddr*>(&site_.socket_address);
  if (::connect(worker.socket.get(), address, sizeof site_.socket_address) != 0 && errno != EINPROGRESS)
    return fail(worker, connect_error(errno));
  // On loopback the connection usually exists by now, which saves an event.
  worker.state = phase::connecting;
  send_first_request(worker);
  if (worker.state != phase::idle) register_socket(worker);
}

void raw_batch::register_socket(raw_worker& worker) {
  epoll_event interest{};
  // Edge-triggered, so that the entry never changes. Events before the registration are reported too.
  interest.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  if (worker.state == phase::connecting) interest.events |= EPOLLOUT;
  interest.data.u64 = position_of(worker);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, worker.socket.get(), &interest) != 0)
    fail(worker, {out_of_resources, error_text(errno)});
}

/// Sends a request. The socket's buffer is empty and a request has some hundred bytes, so that it is sent in
/// whole or not at all. Returns false if it was not sent: the worker has failed, or is still connecting.
bool raw_batch::send(raw_worker& worker, std::string_view request) {
  ssize_t sent;
  do {
    sent = ::send(worker.socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent == static_cast<ssize_t>(request.size())) return true;
  const bool is_connecting = worker.state == phase::connecting;
  if (sent < 0 && errno == EAGAIN && is_connecting) return false;
  if (sent < 0 && is_connecting) {
    fail(worker, connect_error(errno));
  } else {
    fail(worker, {connection_lost, sent < 0 ? error_text(errno) : "only a part of the request was sent"});
  }
  return false;
}

void raw_batch::send_first_request(raw_worker& worker) {
  if (fetches_pages()) {
    request_.clear();
    fmt::format_to(std::back_inserter(request_), "GET {} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n\r\n",
                   worker.unsent, site_.host);
  }
  if (!send(worker, fetches_pages() ? request_ : start_page_request_)) return;
  if (fetches_pages()) worker.unsent = {};
  worker.state = fetches_pages() ? phase::page : phase::start_page;
  worker.started_ms = now_ms_;
}

void raw_batch::send_search_request(raw_worker& worker, std::string_view session) {
  request_ = search_request_head_;
  fmt::format_to(std::back_inserter(request_), "{}\r\nContent-Length: {}\r\n\r\n{}", session,
                 worker.unsent.size(), worker.unsent);
  worker.unsent = {};
  if (!send(worker, request_)) return;
  worker.state = phase::search;
  worker.started_ms = now_ms_;
}

void raw_batch::poll_once(std::chrono::milliseconds timeout) {
  std::array<epoll_event, max_events> events;
  const int ready = ::epoll_wait(epoll_.get(), events.data(), max_events, static_cast<int>(timeout.count()));
  if (ready < 0 && errno != EINTR) throw_system_error("epoll_wait");
  now_ms_ = static_cast<std::uint32_t>((clock::now() - begin_) / 1ms);
  // No event is stale, because a worker's socket is closed only while its own event is handled.
  for (int i = 0; i < ready; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    raw_worker& worker = workers_[event.data.u64];
    handle_event(worker, event.events);
    start_next(worker);
  }
}

void raw_batch::handle_event(raw_worker& worker, std::uint32_t events) {
  // The site may close an idle connection.
  if (worker.state == phase::idle) return;
  if (worker.state == phase::connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(worker.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(worker, connect_error(error));
    send_first_request(worker);
    if (worker.state == phase::idle || worker.state == phase::connecting) return;
  }
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0)
    receive(worker, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

void raw_batch::receive(raw_worker& worker, bool until_end) {
  while (worker.state != phase::idle) {
    const ssize_t size = ::recv(worker.socket.get(), buffer_.get(), buffer_bytes, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size < 0) return fail(worker, {connection_lost, error_text(errno)});
    if (size == 0) return fail(worker, {connection_lost, "the site closed the connection"});
    handle_bytes(worker, {buffer_.get(), static_cast<std::size_t>(size)});
    // A short read has drained the socket. Later bytes cause another event.
    if (static_cast<std::size_t>(size) < buffer_bytes && !until_end) return;
  }
}

void raw_batch::handle_bytes(raw_worker& worker, std::string_view bytes) {
  if (!worker.in_body) return handle_head(worker, bytes);
  const std::unique_ptr<std::string> session =
      worker.state == phase::start_page ? std::move(worker.partial) : nullptr;
  handle_body(worker, bytes, session ? std::string_view{*session} : std::string_view{});
}

void raw_batch::handle_head(raw_worker& worker, std::string_view bytes) {
  const std::unique_ptr<std::string> start = std::move(worker.partial);
  if (start) bytes = start->append(bytes);
  const auto read = read_response_head(bytes);
  if (!read) return fail(worker, read.error());
  const auto limits = work_.policy.exchange;
  if ((*read ? (*read)->bytes : bytes.size()) > limits.max_header_bytes)
    return fail(worker,
                {header_too_large, fmt::format("more than {} bytes of headers", limits.max_header_bytes)});
  if (!*read) {
    worker.partial = std::make_unique<std::string>(bytes);
    return;
  }
  const response_head& head = **read;
  if (head.status != 200) return fail(worker, {unexpected_status, fmt::format("{}", head.status)});
  if (head.content_length > std::min<std::size_t>(limits.max_body_bytes, UINT32_MAX))
    return fail(worker, {body_too_large, fmt::format("more than {} bytes of body", limits.max_body_bytes)});
  if (worker.state == phase::start_page && head.session.empty())
    return fail(worker, {no_session, "the start page set no JSESSIONID"});

  worker.in_body = true;
  worker.body_bytes_left = static_cast<std::uint32_t>(head.content_length);
  if (worker.state == phase::search) {
    if (free_scanners_.empty()) free_scanners_.push_back(std::make_unique<fare_scanner>());
    worker.scanner = std::move(free_scanners_.back());
    free_scanners_.pop_back();
  }
  handle_body(worker, bytes.substr(head.bytes), head.session);
}

void raw_batch::handle_body(raw_worker& worker, std::string_view bytes, std::string_view session) {
  if (bytes.size() > worker.body_bytes_left)
    return fail(worker, {bad_response, "the body is longer than its Content-Length"});
  worker.body_bytes_left -= static_cast<std::uint32_t>(bytes.size());
  if (worker.scanner) worker.scanner->feed(bytes);
  if (worker.state == phase::page && !bytes.empty() && work_.pages.on_body)
    work_.pages.on_body(worker.index, bytes);
  if (worker.body_bytes_left > 0) {
    if (worker.state == phase::start_page) worker.partial = std::make_unique<std::string>(session);
    return;
  }
  worker.in_body = false;
  if (worker.state == phase::start_page) return send_search_request(worker, session);
  if (worker.state == phase::page) return complete(worker, {});
  outcome result = worker.scanner->finish();
  free_scanners_.push_back(std::move(worker.scanner));
  complete(worker, std::move(result));
}

void raw_batch::expire_deadlines() {
  const bool stopped = work_.stop.stop_requested();
  for (raw_worker& worker : workers_) {
    if (worker.state == phase::idle) continue;
    const bool is_connecting = worker.state == phase::connecting;
    const auto limit = is_connecting ? std::min(work_.policy.exchange.connect_timeout,
                                                work_.policy.exchange.exchange_deadline)
                                     : work_.policy.exchange.exchange_deadline;
    const std::chrono::milliseconds elapsed{now_ms_ - worker.started_ms};
    if (stopped) {
      fail(worker, {cancelled, {}});
    } else if (elapsed > limit) {
      fail(worker, {is_connecting ? connect_timeout : deadline_exceeded,
                    fmt::format("no response within {} ms", limit.count())});
    } else {
      continue;
    }
    start_next(worker);
  }
}

}  // namespace

void raw_epoll::run(const batch& work, const outcome_sink& sink) {
  if (work.workers == 0) throw std::invalid_argument{"a batch needs at least one worker"};
  if (!work.query_at == !work.pages.path_at)
    throw std::invalid_argument{"a batch needs either a query_at or a path_at"};
  raw_batch{work, sink}.run();
}

}  // namespace farebench
