// The client on any bytes that a server may answer with: they are its connection's. Its laws:
// - an exchange ends, with an answer or with an error of the kinds that an answer can cause, in one line;
// - no cap is passed: of body (decoded, too) and of what is kept of the headers;
// - what of a Set-Cookie goes back into a Cookie header is one pair of the session, without an octet that a
// header
//   must not have;
// - a Retry-After asks for no time below zero, none for an answer that is good, and never makes anyone wait
// beyond
//   the policy's caps.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "farebench/fetch_policy.hpp"
#include "farebench/site_protocol.hpp"
#include "http/http_client.hpp"
#include "http/libcurl.hpp"
#include "strategies/scrape.hpp"
#include "tests/fuzz/law.hpp"

namespace {

using namespace farebench;
using namespace std::chrono_literals;
using fuzz::expect;

/// Answers each connection with the same bytes and an end, whatever is asked.
class canned_server {
 public:
  explicit canned_server(std::string_view answer) : answer_{answer} {}
  ~canned_server() {
    for (const int end : its_ends_) close(end);
  }

  /// The client connects to it alone, wherever it is led; nothing is looked up.
  void serve(CURL* easy) {
    set_option(easy, CURLOPT_OPENSOCKETFUNCTION, &canned_server::on_open_socket);
    set_option(easy, CURLOPT_OPENSOCKETDATA, this);
    set_option(easy, CURLOPT_SOCKOPTFUNCTION, &canned_server::on_socket_made);
    set_option(easy, CURLOPT_CONNECT_TO, all_to_one_());
    // Reading the system's certificates for each https redirect would take most of the time.
    set_option(easy, CURLOPT_CAINFO, static_cast<const char*>(nullptr));
    set_option(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }

 private:
  static curl_slist* all_to_one_() {
    static curl_slist* const one = curl_slist_append(nullptr, "::127.0.0.1:9");
    return one;
  }

  static curl_socket_t on_open_socket(void* self, curlsocktype, curl_sockaddr*) {
    auto& server = *static_cast<canned_server*>(self);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return CURL_SOCKET_BAD;
    server.its_ends_.push_back(ends[1]);
    std::string_view rest = server.answer_;
    while (!rest.empty()) {
      const auto sent = send(ends[1], rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) break;
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    shutdown(ends[1], SHUT_WR);
    return ends[0];
  }
  static int on_socket_made(void*, curl_socket_t, curlsocktype) { return CURL_SOCKOPT_ALREADY_CONNECTED; }

  std::string_view answer_;
  std::vector<int> its_ends_;
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

void expect_error(const fetch_error& why) {
  using enum fetch_error_kind;
  switch (why.kind) {
    case connection_lost:
    case bad_response:
    case redirect_refused:
    case header_too_large:
    case body_too_large:
    case connect_failed:  // TLS with who speaks none
    case unexpected_status:
    case no_session:
      fuzz::expect_one_line(describe(why), "an error is one line");
      return;
    default:
      expect(false, "bytes of an answer cannot cause such an error", describe(why));
  }
}

void expect_session(const std::string& session) {
  expect(session.starts_with("JSESSIONID"), "a session is that of its cookie", session);
  expect(std::ranges::none_of(session,
                              [](char c) {
                                const auto octet = static_cast<unsigned char>(c);
                                return (octet < 0x20 && c != '\t') || octet == 0x7F || c == ';';
                              }),
         "nothing but one pair goes back in a Cookie header", session);
}

void expect_wait(const exchange_response& answer) {
  const fetch_policy policy;
  expect(answer.retry_after.count() >= 0, "nobody waits for the past");
  expect(answer.status != 200 || answer.retry_after.count() == 0, "a good answer asks for no wait");
  const fetch_error why{fetch_error_kind::unexpected_status, "", answer.status, answer.retry_after};
  for (const double chance : {0.0, 0.5, 0.999}) {
    const auto wait = wait_before_repeat(policy, 2, why, chance);
    expect(wait >= 0ms && wait <= policy.retry_after_cap + policy.backoff_cap, "a wait has its cap");
  }
}

void exchange_with(std::string_view answer, bool accept_compressed) {
  static shared_http shared{1, 1};
  const auto limits = limits_with(accept_compressed);
  canned_server server{answer};
  http_client client{limits, shared};
  server.serve(client.handle());
  std::size_t body_bytes = 0;
  auto result = client.perform(exchange_request{"http://127.0.0.1:9/m/", "", "",
                                                [&](std::string_view piece) { body_bytes += piece.size(); }});
  expect(body_bytes <= limits.max_body_bytes, "no body passes its cap");
  if (!result) return expect_error(result.error());

  std::size_t kept_bytes = 0;
  for (const auto& cookie : result->set_cookies) kept_bytes += cookie.size();
  expect(kept_bytes <= limits.max_header_bytes, "no header passes its cap");
  expect_wait(*result);
  const auto session = read_start_page_answer("http://127.0.0.1:9", std::move(result));
  if (!session) return expect_error(session.error());
  expect_session(*session);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view answer{reinterpret_cast<const char*>(bytes), size};
  exchange_with(answer, false);
  exchange_with(answer, true);
  return 0;
}
