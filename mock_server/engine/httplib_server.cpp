#include "mock_server/engine/httplib_server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>

#include "mock_server/engine/request_limits.hpp"
#include "mock_server/engine/response_stream.hpp"
#include "mock_server/site/page_parts.hpp"

namespace farebench {
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

}  // namespace farebench
