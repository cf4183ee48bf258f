// Fuzzes the HTTP client with the bytes that a server sends on a connection. Invariants:
// - An exchange ends with a response, or with an error that a response can cause, described in one line.
// - The body, also after decoding, and the stored header fields are within their limits.
// - The cookies of a session have no bytes that a Cookie header must not have.
// - A Retry-After is not negative, and zero for status 200. A retry's delay is within the policy's limits.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/fetch_policy.hpp"
#include "farebench/site_protocol.hpp"
#include "libcurl/http_client.hpp"
#include "libcurl/options.hpp"
#include "strategies/scrape.hpp"
#include "tests/fuzz/fuzzer.hpp"

namespace {

using namespace farebench;
using namespace std::chrono_literals;
using fuzz::expect;

constexpr std::string_view request_url = "http://127.0.0.1:9/m/";

/// Sends the same bytes on each connection and closes it, for any request.
class canned_server {
 public:
  explicit canned_server(std::string_view response) : response_{response} {}
  ~canned_server() {
    for (const int socket : sockets_) close(socket);
  }

  /// Directs all connections of the client to this server, also for redirects. Resolves no names.
  void serve(CURL* easy) {
    set_option(easy, CURLOPT_OPENSOCKETFUNCTION, &canned_server::on_open_socket);
    set_option(easy, CURLOPT_OPENSOCKETDATA, this);
    set_option(easy, CURLOPT_CONNECT_TO, redirect_all_hosts());
    // Most of the time would be spent on reading the system's certificates for each https redirect.
    set_option(easy, CURLOPT_CAINFO, static_cast<const char*>(nullptr));
    set_option(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }

 private:
  static curl_slist* redirect_all_hosts() {
    static curl_slist* const hosts = curl_slist_append(nullptr, "::127.0.0.1:9");
    return hosts;
  }

  static curl_socket_t on_open_socket(void* self, curlsocktype, curl_sockaddr*) {
    auto& server = *static_cast<canned_server*>(self);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return CURL_SOCKET_BAD;
    server.sockets_.push_back(ends[1]);
    std::string_view rest = server.response_;
    while (!rest.empty()) {
      const auto sent = send(ends[1], rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) break;
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    shutdown(ends[1], SHUT_WR);
    return ends[0];
  }

  std::string_view response_;
  std::vector<int> sockets_;
};

fetch_limits limits_with(bool accept_compressed) {
  fetch_limits limits;
  limits.connect_timeout = 1s;
  limits.exchange_deadline = 1s;
  limits.max_header_bytes = 2'000;
  limits.max_body_bytes = 10'000;
  limits.accept_compressed = accept_compressed;
  return limits;
}

void expect_error(const fetch_error& error) {
  using enum fetch_error_kind;
  switch (error.kind) {
    case connection_lost:
    case bad_response:
    case unsupported_response:
    case redirect_refused:
    case header_too_large:
    case body_too_large:
    // TLS with a server without TLS.
    case connect_failed:
    case unexpected_status:
    case no_session:
      fuzz::expect_one_line(describe(error), "an error is one line");
      return;
    default:
      expect(false, "a response cannot cause this error", describe(error));
  }
}

void expect_session(const cookie_jar& session) {
  const auto header = session.header_for(request_url);
  expect(header.contains("JSESSIONID="), "a session has its cookie", header);
  expect(std::ranges::none_of(header,
                              [](char c) {
                                const auto octet = static_cast<unsigned char>(c);
                                return (octet < 0x20 && c != '\t') || octet == 0x7F;
                              }),
         "a Cookie header has allowed bytes only", header);
}

void expect_retry_delay(const exchange_response& response) {
  const fetch_policy policy;
  expect(response.retry_after.count() >= 0, "a Retry-After is not negative");
  expect(response.status != 200 || response.retry_after.count() == 0, "status 200 has no Retry-After");
  const fetch_error error{fetch_error_kind::unexpected_status, "", response.status, response.retry_after};
  for (const double chance : {0.0, 0.5, 0.999}) {
    const auto wait = retry_delay(policy, 2, error, chance);
    expect(wait >= 0ms && wait <= policy.retry_after_cap + policy.backoff_cap,
           "a delay is within its limits");
  }
}

exchange_result exchange_with(std::string_view response, const fetch_limits& limits) {
  static shared_http shared{1, 1};
  canned_server server{response};
  http_client client{limits, shared};
  server.serve(client.handle());
  std::size_t body_bytes = 0;
  auto result = client.perform(exchange_request{
      std::string{request_url}, "", {}, [&](std::string_view chunk) { body_bytes += chunk.size(); }});
  expect(body_bytes <= limits.max_body_bytes, "a body is within its limit");
  return result;
}

void check_exchange(std::string_view response, bool accept_compressed) {
  const auto limits = limits_with(accept_compressed);
  auto result = exchange_with(response, limits);
  if (!result) return expect_error(result.error());
  expect(result->cookies.header_for(request_url).size() <= limits.max_header_bytes,
         "the header is within its limit");
  expect_retry_delay(*result);
  const auto session = read_session(std::string{request_url}, std::move(result));
  if (!session) return expect_error(session.error());
  expect_session(*session);
}

}  // namespace

/// Replaces the C library's function: every socket here is one end of a connected pair. libcurl 7.88 connects
/// sockets even if CURLOPT_SOCKOPTFUNCTION returns CURL_SOCKOPT_ALREADY_CONNECTED.
extern "C" int connect(int, const sockaddr*, socklen_t) { return 0; }

void farebench::fuzz::fuzz_response(std::string_view response) {
  static const bool is_connected =
      exchange_with("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", limits_with(false)).has_value();
  expect(is_connected, "a valid response is accepted");
  check_exchange(response, false);
  check_exchange(response, true);
}
