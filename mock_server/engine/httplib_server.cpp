#include "mock_server/engine/httplib_server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>

#include "mock_server/engine/listen_drops.hpp"
#include "mock_server/engine/response_stream.hpp"
#include "mock_server/engine/server_engine.hpp"
#include "mock_server/site/page_parts.hpp"

namespace farebench {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::string_view stats_target = "/stats";
constexpr int listen_backlog = 4096;
constexpr std::size_t request_body_bytes_at_most = 8 * 1024;
// An idle connection waits for its client's next request this long, a slow one for its next byte.
constexpr std::chrono::seconds patience{120};

void set_plain_text(httplib::Response& response, int status, std::string text) {
  response.status = status;
  response.body = std::move(text);
  response.set_header("Content-Type", "text/plain; charset=utf-8");
}

std::string_view reason_for(int status) {
  switch (status) {
    case 413:
      return "the body is longer than a form can be\n";
    case 414:
      return "the request line is too long\n";
    case 500:
      return "the mock server failed; this is a bug in it\n";
    default:
      return "not a request that can be read\n";
  }
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

httplib_server::httplib_server(site& served, response_latency latency) : site_(served), latency_(latency) {
  // Nagle's algorithm would hold every second response on a connection back by 44 ms.
  set_tcp_nodelay(true);
  // The library's own default is SO_REUSEPORT, with which a second server on the port would start and
  // take half of the connections, rather than be refused.
  set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  set_keep_alive_max_count(1'000'000);  // only announced: the loop below sets no bound
  set_keep_alive_timeout(patience.count());
  set_read_timeout(patience);
  set_write_timeout(patience);
  set_payload_max_length(request_body_bytes_at_most);

  set_pre_routing_handler([this](const auto& request, auto& response) { return route(request, response); });
  Post(std::string{start_target}, [this](const auto& request, auto& response) { answer(request, response); });
  set_exception_handler(
      [](const auto&, auto& response, std::exception_ptr) { set_plain_text(response, 500, {}); });
  // What the library itself refuses comes without a word: say why.
  set_error_handler(HandlerWithResponse{[](const httplib::Request&, httplib::Response& response) {
    if (response.body.empty()) {
      set_plain_text(response, response.status, std::string{reason_for(response.status)});
    }
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
  if (::listen(svr_sock_, listen_backlog) != 0) {
    throw std::system_error(errno, std::generic_category(), "listen " + where);
  }
  return static_cast<std::uint16_t>(bound);
}

void httplib_server::interrupt_connections() { connections_.interrupt_all(); }

server_stats httplib_server::stats() const {
  server_stats stats;
  stats.engine = httplib_engine_name;
  stats.sessions = site_.sessions_started();
  const socket_t listening = svr_sock_;
  if (listening != INVALID_SOCKET) stats.listen_drops = listen_drops(listening);
  log_.fill(stats);
  return stats;
}

bool httplib_server::process_and_close_socket(socket_t socket) {
  connection peer{socket};
  connections_.enter(peer);
  response_stream stream{socket};
  bool goes_on = true;
  while (goes_on && stream.next_request()) {
    exchange now{.peer = peer, .stream = stream, .arrival = clock::now(), .latency = latency_.of({})};
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
    log_.arrived();
  }
  if (!now.counts) return rendered && now.stream.flush() && !client_closes && !now.must_close;

  const clock::time_point due = now.arrival + now.latency;
  if (!rendered || !now.peer.wait_until(due)) {
    log_.abandoned();
    return false;
  }
  log_.leaving();
  const bool sent = now.stream.flush();
  log_.left(clock::now() - due);
  return sent && now.head_read && !client_closes && !now.must_close && !now.stream.is_at_end();
}

void httplib_server::request_head_read(exchange& now, httplib::Request& request) {
  now.head_read = true;
  now.counts = request.target != stats_target;
  if (now.counts) log_.arrived();
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
  const std::string_view target = request.target;
  if (request.method == "POST" && target.substr(0, target.find('?')) == start_target) {
    return HandlerResponse::Unhandled;
  }
  const std::string length_text = request.get_header_value("Content-Length");
  std::size_t length = 0;
  std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
  if (request.has_header("Transfer-Encoding") || !current_->stream.skip(length)) current_->must_close = true;

  if (target == stats_target && request.method == "GET") {
    response.status = 200;
    response.body = to_json(stats());
    response.set_header("Content-Type", "application/json");
  } else {
    answer(request, response);
  }
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
  current_->latency = latency_.of(asked);
  site_response answered = site_.answer(asked);
  response.status = answered.status;
  response.body = std::move(answered.body);
  response.set_header("Content-Type", answered.content_type);
  if (!answered.set_cookie.empty()) response.set_header("Set-Cookie", answered.set_cookie);
  if (!answered.allow.empty()) response.set_header("Allow", answered.allow);
}

}  // namespace farebench
