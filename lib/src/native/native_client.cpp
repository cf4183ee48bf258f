#include "native/native_client.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

#include "http/request_method.hpp"
#include "http/text.hpp"
#include "http/url.hpp"
#include "lib/system/file_descriptor.hpp"
#include "lib/system/local_ports.hpp"
#include "native/native_loop.hpp"
#include "native/request_text.hpp"

namespace farebench {
namespace {

/// Time after which the next address is tried while the attempt at one is pending (RFC 8305, 5).
constexpr std::chrono::milliseconds attempt_delay{250};

fetch_error out_of_memory_error() {
  // The text fits into the string itself, so that this allocates nothing.
  return {fetch_error_kind::out_of_resources, "out of memory"};
}

/// Returns 0 if a socket that has begun to connect is connected, EALREADY while it is not, or else the errno.
int result_of_connect(int socket, const socket_address& address) {
  return ::connect(socket, address.get(), address.size()) == 0 || errno == EISCONN ? 0 : errno;
}

}  // namespace

native_client::native_client(native_loop& loop, const fetch_limits& limits)
    : transport_client{loop}, loop_{loop}, limits_{loop.limits_.intern(limits)} {}

native_client::~native_client() {
  address_waiter::unlink();
  deadline_entry::unlink();
  close_connection();
  close_race();
  if (loop_.finished_ == this) loop_.finished_ = nullptr;
}

void native_client::start(exchange_request&& request) {
  request_ = std::move(request);
  phase_ = phase::queued;
  loop_.queue_.push_back(*this);
}

/// Queues the client, so that the loop ends the exchange. Its own on_body, which may have called this, is not
/// called again.
void native_client::cancel() noexcept {
  if (phase_ == phase::idle) {
    // The exchange has finished, but not completed: its result is replaced.
    close_connection();
    loop_.error_ = exchange_cancelled_error();
    return;
  }
  is_cancelled_ = true;
  if (parser_) parser_->reader().cancel();
  address_waiter::unlink();
  loop_.queue_.push_back(*this);
}

exchange_result native_client::take_result() {
  auto parser = std::move(parser_);
  redirect_.reset();
  try {
    if (const auto exception = parser ? parser->take_exception() : nullptr) std::rethrow_exception(exception);
    // A parser that has failed is not used again: it may hold a long line or a decoder.
    if (loop_.error_) return std::unexpected(*std::move(loop_.error_));
    auto response = parser->reader().take_response();
    loop_.return_parser(std::move(parser));
    return response;
  } catch (const std::bad_alloc&) {
    return std::unexpected(out_of_memory_error());
  }
}

/// Runs a step of the exchange. Memory that is missing ends the exchange, not the loop.
template <typename Step>
void native_client::run(Step&& step) noexcept {
  try {
    step();
  } catch (const std::bad_alloc&) {
    finish(out_of_memory_error());
  }
}

std::chrono::milliseconds native_client::time_limit() const {
  const auto limit = limits_.exchange_deadline;
  return request_.timeout > request_.timeout.zero() ? std::min(limit, request_.timeout) : limit;
}

void native_client::begin() noexcept {
  run([this] {
    if (is_cancelled_) return finish(exchange_cancelled_error());
    redirect_.reset();
    loop_.return_parser(std::move(parser_));
    if (const auto reason = check_request(request_); reason != abort_reason::none)
      return finish(abort_error(reason, limits_, 0));
    const auto origin = *origin_of(request_.url);
    if (origin.is_https)
      return finish(
          {fetch_error_kind::invalid_url, "https needs TLS, which the native transport does not have"});
    if (origin.has_user)
      return finish({fetch_error_kind::invalid_url, "the native transport sends no user names"});
    is_changed_to_get_ = false;
    deadline_ = loop_.now_ + time_limit();
    if (request_.opens_connection) close_connection();
    begin_transfer(origin);
  });
}

/// Sends the current request, on the connection if it may be used.
void native_client::begin_transfer(const url_origin& origin) {
  has_response_ = false;
  if (can_reuse_connection(origin)) {
    is_kept_ = true;
    phase_ = phase::receiving;
    loop_.deadlines_.set(*this, loop_.now_, deadline_);
    return send_request(origin);
  }
  close_connection();
  is_kept_ = false;
  host_ = origin.host;
  port_ = origin.port;
  connect_deadline_ = loop_.now_ + limits_.connect_timeout;
  phase_ = phase::resolving;
  if (auto addresses = loop_.resolve(host_, port_, *this)) return continue_with(*std::move(addresses));
  loop_.deadlines_.set(*this, loop_.now_, std::min(connect_deadline_, deadline_));
}

/// A kept connection may have been closed, or hold bytes that belong to no request: data beyond a
/// Content-Length, or a second response. Its event may not have been handled yet.
bool native_client::can_reuse_connection(const url_origin& origin) const {
  return stream_.is_open() && origin.port == port_ && equals_ignoring_case(origin.host, host_) &&
         stream_.is_quiet();
}

void native_client::continue_with(address_result addresses) noexcept {
  run([&] {
    if (!addresses) {
      fetch_error error = std::move(addresses).error();
      // An invalid address in brackets.
      if (redirect_ && error.kind == fetch_error_kind::invalid_url)
        error.kind = fetch_error_kind::redirect_refused;
      return finish(std::move(error));
    }
    connect(*std::move(addresses));
  });
}

void native_client::connect(address_list addresses) {
  phase_ = phase::connecting;
  if (addresses->size() > 1) {
    race_ = std::make_unique<connection_race>(std::move(addresses));
    return connect_next();
  }
  stream_ = byte_stream{open_socket(addresses->front())};
  if (!stream_.is_open()) return;
  // On loopback the connection usually exists by now, which saves an event.
  send_request(*origin_of(url()));
  if (phase_ != phase::idle && register_socket() && phase_ == phase::connecting)
    loop_.deadlines_.set(*this, loop_.now_, std::min(connect_deadline_, deadline_));
}

/// Begins to connect. Returns the socket, or −1: the exchange has then finished, or the race has a further
/// errno.
int native_client::open_socket(const socket_address& address) {
  const auto fail = [&](const char* call, int error) {
    if (race_) {
      race_->last_errno = error;
    } else {
      finish(call == nullptr ? connect_error(url(), error)
                             : call_error(call, error, fetch_error_kind::connect_failed));
    }
    return -1;
  };
  file_descriptor opened{::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (opened.get() < 0) return fail("socket", errno);
  const int on = 1;
  ::setsockopt(opened.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (loop_.open_sockets_ >= many_connections) use_all_ports(opened.get());
  if (::connect(opened.get(), address.get(), address.size()) != 0 && errno != EINPROGRESS && errno != EINTR)
    return fail(nullptr, errno);
  ++loop_.open_sockets_;
  return opened.release();
}

/// Tries the next address, while those before it are still pending.
void native_client::connect_next() {
  connection_race& race = *race_;
  race.attempts.reserve(race.addresses->size());
  while (race.next < race.addresses->size()) {
    const auto index = race.next++;
    const int opened = open_socket((*race.addresses)[index]);
    if (opened < 0) continue;
    race.attempts.push_back({opened, index});
    if (const int error = loop_.sockets_->add(opened, *this, true); error != 0)
      return finish(call_error("epoll_ctl", error, fetch_error_kind::out_of_resources));
    break;
  }
  if (race.attempts.empty()) return finish(connect_error(url(), race.last_errno));
  auto wake_up = std::min(connect_deadline_, deadline_);
  if (race.next < race.addresses->size()) wake_up = std::min(wake_up, loop_.now_ + attempt_delay);
  loop_.deadlines_.set(*this, loop_.now_, wake_up);
}

/// Handles an attempt that has succeeded or failed. The first that succeeds becomes the connection.
void native_client::handle_race(int socket) {
  auto& attempts = race_->attempts;
  const auto attempt = std::ranges::find(attempts, socket, &connection_race::attempt::socket);
  if (attempt == attempts.end()) return;
  const socket_address address = (*race_->addresses)[attempt->address];
  const int error = result_of_connect(socket, address);
  // The event was that of an earlier socket of this number.
  if (error == EALREADY) return;
  attempts.erase(attempt);
  if (error != 0) {
    close_socket(socket);
    race_->last_errno = error;
    // RFC 8305, 5: a failure starts the next attempt at once.
    return connect_next();
  }
  loop_.mark_working(host_, port_, address);
  close_race();
  stream_ = byte_stream{socket};
  send_request(*origin_of(url()));
  if (phase_ == phase::receiving) loop_.sockets_->change(stream_.socket(), false);
}

/// Returns false if the exchange has failed for it.
bool native_client::register_socket() {
  const int error = loop_.sockets_->add(stream_.socket(), *this, phase_ != phase::receiving);
  if (error == 0) return true;
  finish(call_error("epoll_ctl", error, fetch_error_kind::out_of_resources));
  return false;
}

/// Sends the whole request, or as much as fits. Before the connection is established, sends nothing.
void native_client::send_request(const url_origin& origin) {
  std::string& text = loop_.request_text_;
  text.clear();
  append_request(text, {.url = url(),
                        .origin = origin,
                        .request = request_,
                        .is_changed_to_get = is_changed_to_get_,
                        .is_at_origin = !parser_ || !parser_->reader().has_left_origin(),
                        .accept_compressed = limits_.accept_compressed});
  const auto sent = stream_.send(text);
  const int error = sent < 0 ? errno : 0;
  const bool is_connecting = phase_ == phase::connecting;
  if (sent < 0 && error != EAGAIN) {
    if (is_connecting) return finish(connect_error(url(), error));
    return lose_connection(send_error(error));
  }
  if (is_connecting && error == EAGAIN) return;
  if (is_connecting) loop_.deadlines_.set(*this, loop_.now_, deadline_);
  phase_ = phase::receiving;
  const auto sent_bytes = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  if (sent_bytes == text.size()) return;
  unsent_ = std::make_unique<unsent_request>(std::move(text), sent_bytes);
  phase_ = phase::sending;
  if (is_connecting) return;
  if (const int changed = loop_.sockets_->change(stream_.socket(), true); changed != 0)
    finish(call_error("epoll_ctl", changed, fetch_error_kind::out_of_resources));
}

void native_client::send_rest() {
  const auto sent = stream_.send(std::string_view{unsent_->text}.substr(unsent_->sent_bytes));
  if (sent < 0 && errno == EAGAIN) return;
  if (sent < 0) return receive(true, errno);
  unsent_->sent_bytes += static_cast<std::size_t>(sent);
  if (unsent_->sent_bytes < unsent_->text.size()) return;
  unsent_.reset();
  phase_ = phase::receiving;
  loop_.sockets_->change(stream_.socket(), false);
}

void native_client::handle(int socket, std::uint32_t events) noexcept {
  run([&] {
    // Waits for begin().
    if (is_cancelled_) return;
    if (race_) return handle_race(socket);
    if (socket != stream_.socket()) return;
    const bool has_input = (events & ~std::uint32_t{EPOLLOUT}) != 0;
    if (phase_ == phase::idle || phase_ == phase::queued) {
      // The server has closed an idle connection, or sent bytes that belong to no request.
      if (has_input) close_connection();
      return;
    }
    if (phase_ == phase::connecting) {
      send_request(*origin_of(url()));
      if (phase_ == phase::receiving) loop_.sockets_->change(stream_.socket(), false);
    }
    // First, because a server may respond and close the connection before it has received the whole form.
    if (has_input) receive((events & ~std::uint32_t{EPOLLIN | EPOLLOUT}) != 0);
    if (phase_ == phase::sending && (events & EPOLLOUT) != 0) send_rest();
  });
}

/// Receives until the socket is drained. A short read shows that it is, except with `until_empty`: urgent
/// data or the end of the stream may follow. That end stands for the errno of a send if one has failed.
void native_client::receive(bool until_empty, int send_errno) {
  while (phase_ == phase::receiving || phase_ == phase::sending) {
    const std::span<char> buffer{loop_.buffer_.get(), loop_.buffer_bytes_};
    const auto size = stream_.receive(buffer);
    if (size <= 0 && send_errno != 0) return lose_connection(send_error(send_errno));
    if (size < 0 && errno == EAGAIN) return;
    if (size < 0) return lose_connection(receive_error(errno, parser_ ? parser_->reader().body_bytes() : 0));
    if (size == 0) return handle_end_of_stream();
    handle_bytes({buffer.data(), static_cast<std::size_t>(size)});
    // The next transfer, after a redirect, has events of its own.
    if (!has_response_) return;
    // A short read has drained the socket: later bytes cause another event.
    if (static_cast<std::size_t>(size) < buffer.size() && !until_empty) return;
  }
  if (until_empty && phase_ == phase::idle) close_connection();
}

void native_client::handle_bytes(std::string_view bytes) {
  if (!std::exchange(has_response_, true)) {
    if (!parser_) {
      parser_ = loop_.take_parser();
      parser_->reader().begin(limits_, request_.cookies, request_.on_body, traits_of(request_));
      if (request_.collects_header || request_.collects_body)
        parser_->reader().collect(request_.collects_header, request_.collects_body, request_.url);
    }
    parser_->reader().begin_response(url(), is_kept_);
    parser_->begin(loop_.now_);
  }
  const auto progress = parser_->feed(bytes, loop_.now_);
  handle_progress(progress, !bytes.empty());
}

void native_client::handle_end_of_stream() {
  if (!has_response_) return lose_connection(no_response_error());
  const auto progress = parser_->end_of_stream();
  if (progress == response_parser::progress::incomplete)
    return finish(partial_response_error(parser_->reader().body_bytes()));
  handle_progress(progress, true);
}

/// Bytes that follow a response, or the end of the stream, make the connection unusable.
void native_client::handle_progress(response_parser::progress progress, bool has_more) {
  response_reader& reader = parser_->reader();
  switch (progress) {
    case response_parser::progress::incomplete:
      return;
    case response_parser::progress::complete:
      if (has_more || unsent_ || reader.closes_connection() || reader.forbids_reuse()) close_connection();
      return complete_response();
    case response_parser::progress::invalid_chunk:
      return finish(invalid_chunk_error());
    case response_parser::progress::invalid_coding:
      return finish({fetch_error_kind::bad_response, "the body is no complete gzip stream"});
    case response_parser::progress::aborted:
      break;
  }
  switch (parser_->reason()) {
    case abort_reason::connection:
      reader.discard_response();
      return send_again();
    case abort_reason::redirect_body:
      close_connection();
      return complete_response();
    case abort_reason::exception:
      close_connection();
      return finish();
    default:
      return finish(abort_error(parser_->reason(), limits_, reader.body_bytes()));
  }
}

/// Follows the redirect, if the response is one, or ends the exchange.
void native_client::complete_response() {
  response_reader& reader = parser_->reader();
  if (!reader.is_redirected()) return finish();
  auto next = std::make_unique<response_reader::next_request>(reader.follow_redirect());
  if (origin_of(next->url)->is_https)
    return finish(
        {fetch_error_kind::redirect_refused, "Location needs TLS, which the native transport does not have"});
  is_changed_to_get_ = is_changed_to_get_ || !next->keeps_method;
  redirect_ = std::move(next);
  begin_transfer(*origin_of(url()));
}

/// Handles a failed connection. A kept one may have been closed before the request arrived (RFC 9112, 9.3.1).
void native_client::lose_connection(const fetch_error& error) {
  if (is_kept_ && !has_response_ && (is_changed_to_get_ || is_repeatable(request_))) return send_again();
  finish(error);
}

void native_client::send_again() {
  close_connection();
  begin_transfer(*origin_of(url()));
}

void native_client::expire() noexcept {
  run([this] {
    // Waits for begin().
    if (is_cancelled_) return;
    const bool is_connecting = phase_ == phase::connecting || phase_ == phase::resolving;
    if (race_ && loop_.now_ < std::min(connect_deadline_, deadline_)) return connect_next();
    // A redirect that leaves less time than connect_timeout has used up that of the exchange.
    if (is_connecting && (!redirect_ || loop_.now_ < deadline_))
      return finish(connect_timeout_error(url(), std::min(limits_.connect_timeout, time_limit())));
    finish(deadline_error(time_limit(), parser_ ? parser_->reader().body_bytes() : 0));
  });
}

/// Ends the exchange with an error, and its connection.
void native_client::finish(fetch_error error) noexcept {
  using enum fetch_error_kind;
  if (error.kind == connect_failed || error.kind == connect_timeout) loop_.forget(host_, port_);
  close_connection();
  finish();
  loop_.error_ = std::move(error);
}

void native_client::finish() noexcept {
  close_race();
  address_waiter::unlink();
  deadline_entry::unlink();
  phase_ = phase::idle;
  is_cancelled_ = false;
  loop_.finished_ = this;
  loop_.error_.reset();
}

void native_client::close_connection() noexcept {
  unsent_.reset();
  if (stream_.is_open()) close_socket(stream_.release());
}

void native_client::close_race() noexcept {
  const auto race = std::move(race_);
  if (!race) return;
  for (const auto& attempt : race->attempts) close_socket(attempt.socket);
}

void native_client::close_socket(int socket) noexcept {
  loop_.sockets_->remove(socket);
  ::close(socket);
  --loop_.open_sockets_;
}

}  // namespace farebench
