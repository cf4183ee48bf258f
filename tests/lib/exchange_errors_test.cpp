#include "http/exchange_errors.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace farebench {
namespace {

using namespace std::chrono_literals;

TEST(exchange_errors, error_names_call_and_server) {
  const std::initializer_list<std::pair<fetch_error, const char*>> errors = {
      {connect_error("http://a.test/x", ECONNREFUSED),
       "connect_failed: connect to a.test:80: Connection refused"},
      {connect_error("https://[::1]:99", 0), "connect_failed: connect to [::1]:99 failed"},
      {connect_error("http://a.test", EADDRNOTAVAIL),
       "out_of_resources: connect to a.test:80: Cannot assign requested address"},
      {connect_timeout_error("http://a.test", 50ms),
       "connect_timeout: no connection to a.test:80 within 50 ms"},
      {address_error("http://a.test"), "connect_failed: no address for a.test:80"},
      {deadline_error(1s, 7),
       "deadline_exceeded: no complete response within 1000 ms, 7 bytes of body received"},
      {send_error(EPIPE), "connection_lost: send: Broken pipe"},
      {receive_error(ECONNRESET, 7),
       "connection_lost: receive: Connection reset by peer, 7 bytes of body received"},
      {receive_error(ENOMEM, 7), "out_of_resources: receive: Cannot allocate memory"},
      {call_error("socket", EMFILE, fetch_error_kind::connect_failed),
       "out_of_resources: socket: Too many open files"},
  };
  for (const auto& [error, text] : errors) EXPECT_EQ(describe(error), text);
}

TEST(exchange_errors, invalid_request_is_recognised) {
  const auto check = [](const char* url, std::vector<std::string> headers) {
    exchange_request request{url};
    request.headers = std::move(headers);
    return check_request(request);
  };
  using enum abort_reason;
  EXPECT_EQ(check("http://a.test/", {"X-Tag: 1", "Y:\t2", "Z:"}), none);
  EXPECT_EQ(check("ftp://a.test/", {}), request_url);
  EXPECT_EQ(check("http://a.test/a b", {"invalid"}), request_url);
  for (const char* const line : {"", ":", ": x", "X", "X Y: z", "X: a\r\nY: b"})
    EXPECT_EQ(check("http://a.test/", {"X: y", line}), request_header) << line;
}

}  // namespace
}  // namespace farebench
