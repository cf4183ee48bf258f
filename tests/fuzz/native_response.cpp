// Fuzzes the parser of the native transport with the bytes that a server sends on a connection, and compares
// it with Boost.Beast. Invariants:
// - A response does not depend on the parts in which it arrives, nor on what the parser has parsed before.
// - A response that Beast accepts has the same status, body and end, or one of the errors of
//   `is_required_error`, in which the client is stricter.
// - Beast accepts each accepted response too, with the same status and body, once its lines are as RFC 9112
//   demands (`normalized`): nothing else is tolerated.
// - A connection that Beast would close is not kept.
// - A compressed body is decoded to its original.

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "farebench/cookie_jar.hpp"
#include "farebench/fetch_policy.hpp"
#include "http/header_fields.hpp"
#include "http/redirect.hpp"
#include "http/text.hpp"
#include "native/response_parser.hpp"
#include "tests/fuzz/fuzzer.hpp"
#include "tests/support/gzip.hpp"

namespace {

using namespace farebench;
namespace http = boost::beast::http;
using fuzz::expect;
using progress = response_parser::progress;

constexpr std::string_view request_url = "http://127.0.0.1:9/m/";

/// Limits that few responses exceed, or, with compressed bodies, many do.
fetch_limits limits_with(bool accept_compressed) {
  fetch_limits limits;
  limits.max_header_bytes = accept_compressed ? 300 : 3'000;
  limits.max_body_bytes = accept_compressed ? 500 : 9'000;
  limits.accept_compressed = accept_compressed;
  return limits;
}

struct parsed_response {
  progress end_state = progress::incomplete;
  abort_reason reason = abort_reason::none;
  // The following members are those of a complete response.
  int status = 0;
  std::size_t size = 0;
  std::string body;
  std::string cookies;
  bool is_redirected = false;
  bool closes_connection = false;

  bool operator==(const parsed_response&) const = default;
};

/// Feeds the bytes in parts, whose sizes `next_size` returns, and ends the connection.
parsed_response parse(response_parser& parser, std::string_view bytes, const fetch_limits& limits,
                      const std::function<std::size_t()>& next_size) {
  parsed_response response;
  cookie_jar cookies;
  const exchange_request::body_sink on_body = [&](std::string_view chunk) { response.body += chunk; };
  parser.reader().begin(limits, cookies, on_body, {});
  parser.reader().begin_response(request_url, false);
  parser.begin({});
  std::size_t size = 0;
  auto state = progress::incomplete;
  while (state == progress::incomplete && size < bytes.size()) {
    // A copy, so that AddressSanitizer notices bytes that are used later.
    const auto part = bytes.substr(size, next_size());
    const std::vector<char> buffer{part.begin(), part.end()};
    std::string_view rest{buffer.data(), buffer.size()};
    state = parser.feed(rest, {});
    size += buffer.size() - rest.size();
    expect(state != progress::incomplete || rest.empty(), "an incomplete response uses all bytes");
  }
  if (state == progress::incomplete) state = parser.end_of_stream();
  expect(response.body.size() <= limits.max_body_bytes, "a body is within its limit");
  expect(!parser.take_exception(), "parsing throws nothing");
  response.end_state = state;
  if (state == progress::aborted) response.reason = parser.reason();
  if (state != progress::complete) {
    response.body.clear();
    return response;
  }
  response.status = parser.reader().status();
  response.size = size;
  response.cookies = cookies.header_for(request_url);
  response.is_redirected = parser.reader().is_redirected();
  response.closes_connection = parser.reader().closes_connection();
  return response;
}

parsed_response parse_whole(std::string_view bytes, const fetch_limits& limits) {
  response_parser parser;
  return parse(parser, bytes, limits, [&] { return bytes.size(); });
}

/// Parses the response in single bytes, or in random parts. Equal responses have equal parts. The parser is
/// that of all inputs.
parsed_response parse_in_parts(std::string_view bytes, const fetch_limits& limits, std::size_t max_size) {
  static response_parser parser;
  std::minstd_rand random{static_cast<unsigned>(std::hash<std::string_view>{}(bytes))};
  return parse(parser, bytes, limits, [&] { return 1 + random() % max_size; });
}

/// Response of which Beast accepts each byte. Its chunk extensions have no LF: Beast lets one stand between
/// quotes, where RFC 9110, 5.6.4 forbids it, while the client's line ends there.
struct beast_response {
  int status = 0;
  std::size_t size = 0;
  std::string body;
  http::fields fields;
  // A line continues a field.
  bool is_folded = false;
  bool needs_end_of_stream = false;
  bool keeps_connection = false;
};

std::optional<beast_response> parse_next_by_beast(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  http::response_parser<http::buffer_body> parser;
  parser.header_limit(std::numeric_limits<std::uint32_t>::max());
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  beast_response response;
  response.body.resize(bytes.size() + 1);
  auto& body = parser.get().body();
  body.data = response.body.data();
  body.size = response.body.size();
  boost::system::error_code error;
  auto refuse_line_feed = [](std::uint64_t, auto extension, boost::system::error_code& result) {
    if (extension.find('\n') != extension.npos) result = http::error::bad_chunk_extension;
  };
  parser.on_chunk_header(refuse_line_feed);
  bool is_header_done = false;
  while (!parser.is_done()) {
    const auto rest = bytes.substr(response.size);
    const auto size = parser.put(boost::asio::const_buffer{rest.data(), rest.size()}, error);
    response.size += size;
    if (parser.is_header_done() && !std::exchange(is_header_done, true)) {
      // Before trailers, which Beast merges into the header.
      const auto header = bytes.substr(0, response.size);
      response.is_folded = header.contains("\r\n ") || header.contains("\r\n\t");
      response.status = static_cast<int>(parser.get().result_int());
      response.fields = static_cast<const http::fields&>(parser.get().base());
      response.needs_end_of_stream = parser.need_eof();
      response.keeps_connection = parser.keep_alive();
    }
    if (error || size == 0) break;
  }
  if (!parser.is_done() && (!error || error == http::error::need_more)) {
    error = {};
    parser.put_eof(error);
  }
  if (error || !parser.is_done()) return std::nullopt;
  response.body.resize(response.body.size() - body.size);
  return response;
}

/// Parses the 1xx responses and the last one.
std::optional<beast_response> parse_by_beast(std::string_view bytes) {
  for (std::size_t begin = 0;;) {
    auto response = parse_next_by_beast(bytes.substr(begin));
    if (!response) return std::nullopt;
    begin = response->size += begin;
    if (response->status < 100 || response->status == 101 || response->status > 199) return response;
  }
}

bool is_plain_length(std::string_view text) {
  constexpr std::size_t max_digits = 18;
  return !text.empty() && text.size() <= max_digits && text.find_first_not_of("0123456789") == text.npos;
}

/// Returns true if the client's contract demands the error of a response that Beast accepts.
bool is_required_error(const parsed_response& parsed, const beast_response& beast, std::size_t input_size,
                       const fetch_limits& limits) {
  const auto has = [&](http::field name) { return beast.fields.count(name) > 0; };
  const auto value_of = [&](http::field name) { return std::string{beast.fields[name]}; };
  if (parsed.end_state == progress::invalid_coding)
    return limits.accept_compressed && has(http::field::content_encoding);
  if (parsed.end_state != progress::aborted) return false;
  switch (parsed.reason) {
    case abort_reason::headers_too_large:
      return input_size > limits.max_header_bytes;
    case abort_reason::body_too_large:
      return input_size > limits.max_body_bytes || has(http::field::content_encoding);
    case abort_reason::status_line:
      return beast.status < 100;
    case abort_reason::protocol:
      return beast.status == 101;
    case abort_reason::content_coding:
      return has(http::field::content_encoding);
    case abort_reason::transfer_coding:
      return beast.is_folded || !equals_ignoring_case(value_of(http::field::transfer_encoding), "chunked");
    case abort_reason::invalid_length:
      return beast.is_folded || !is_plain_length(value_of(http::field::content_length));
    case abort_reason::length_with_chunks:
      return has(http::field::content_length) && has(http::field::transfer_encoding);
    case abort_reason::redirect_body:
    case abort_reason::redirect_target:
    case abort_reason::different_redirects:
      return is_redirect(beast.status) && has(http::field::location);
    default:
      return false;
  }
}

void expect_as_beast(const parsed_response& parsed, const beast_response& beast, std::size_t input_size,
                     const fetch_limits& limits) {
  if (parsed.end_state != progress::complete) {
    return expect(is_required_error(parsed, beast, input_size, limits),
                  "what Beast accepts is a response, or has an error that is required",
                  std::to_string(static_cast<int>(parsed.end_state)) + ", reason " +
                      std::to_string(static_cast<int>(parsed.reason)));
  }
  expect(parsed.status == beast.status, "the status is that of Beast");
  expect(parsed.size == beast.size, "the response ends where Beast's does",
         std::to_string(parsed.size) + " " + std::to_string(beast.size));
  if (!parsed.is_redirected && beast.fields.count(http::field::content_encoding) == 0)
    expect(parsed.body == beast.body, "the body is that of Beast", parsed.body);
  if (!beast.keeps_connection && !beast.needs_end_of_stream &&
      beast.fields.count(http::field::proxy_connection) == 0)
    expect(parsed.closes_connection, "a connection that Beast would close is not kept");
}

/// Rewrites an accepted response as RFC 9112 demands it: each line ends with CR LF, the status line has a
/// reason, and extensions, trailers and the fields that do not delimit the body are left out. Only what the
/// client may ignore is changed.
std::string normalized(std::string_view bytes) {
  std::string text;
  const auto next_line = [&] {
    auto line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  };
  std::string_view status;
  bool is_chunked = false;
  do {
    const auto status_line = next_line();
    status = trim(status_line.substr(std::min<std::size_t>(status_line.size(), 8))).substr(0, 3);
    text.append(status_line.substr(0, 8)).append(" ").append(status).append(" X\r\n");
    while (!bytes.empty()) {
      const auto line = next_line();
      if (line.empty() || line.starts_with('\r')) break;
      if (line.starts_with(' ') || line.starts_with('\t') || status.starts_with('1')) continue;
      const auto name = text_before(line, ":");
      const auto value = trim(line.substr(std::min(name.size() + 1, line.size())));
      if (equals_ignoring_case(name, "Content-Length"))
        text.append("Content-Length: ").append(value).append("\r\n");
      if (equals_ignoring_case(name, "Transfer-Encoding") && list_contains(value, "chunked"))
        is_chunked = true;
    }
    text += is_chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";
  } while (status.starts_with('1') && !bytes.empty());
  while (is_chunked && status != "204" && status != "304") {
    const auto line = next_line();
    const auto digits = line.substr(0, line.find_first_not_of("0123456789abcdefABCDEF"));
    const auto extension = line.substr(digits.size());
    const bool is_valid = extension.empty() || std::string_view{" \t;\r"}.contains(extension.front());
    text.append(is_valid ? digits : line).append("\r\n");
    std::size_t size = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    if (size == 0) return text.append("\r\n");
    text += bytes.substr(0, size);
    bytes.remove_prefix(std::min(size, bytes.size()));
    text.append(next_line()).append("\r\n");
  }
  return text.append(bytes);
}

void expect_decoded(std::string_view text) {
  const auto body = test::compressed(text);
  const auto response =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  const auto parsed = parse_in_parts(response, {.accept_compressed = true}, 40);
  expect(parsed.end_state == progress::complete && parsed.body == text, "a decoded body is the original");
}

}  // namespace

void farebench::fuzz::fuzz_native_response(std::string_view bytes) {
  const auto beast = parse_by_beast(bytes);
  for (const bool accept_compressed : {false, true}) {
    const auto limits = limits_with(accept_compressed);
    const auto parsed = parse_whole(bytes, limits);
    for (const std::size_t max_size : {1u, 40u, 1'000u})
      expect(parse_in_parts(bytes, limits, max_size) == parsed, "a response does not depend on its parts");
    if (beast) {
      expect_as_beast(parsed, *beast, bytes.size(), limits);
    }
    if (parsed.end_state == progress::complete) {
      const auto strict = parse_by_beast(normalized(bytes));
      expect(strict && strict->status == parsed.status,
             "Beast accepts what is accepted, once its lines are valid");
      if (!accept_compressed && !parsed.body.empty())
        expect(parsed.body == strict->body, "the body is that of valid lines", parsed.body);
    }
  }
  expect_decoded(bytes);
}
