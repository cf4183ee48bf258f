// Fuzzes the requests of the native transport. The first line of an input is the URL, the second the form.
// Each further line is an additional field, a cookie of the session if it is a Set-Cookie, the method if it is
// a Method, or the content type, with which the form becomes a body, if it is a Body-Type; in all of them, \n
// stands for a newline. Invariants for each request that the client does not refuse:
// - It is one line, the expected fields in their order, one empty line, and the body.
// - No byte of it can end a line elsewhere.
// - Boost.Beast reads the same method, target, host and body, if there is no additional field.

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/exchange.hpp"
#include "http/exchange_errors.hpp"
#include "http/request_method.hpp"
#include "http/text.hpp"
#include "http/url.hpp"
#include "native/request_text.hpp"
#include "tests/fuzz/fuzzer.hpp"

namespace {

using namespace farebench;
namespace http = boost::beast::http;
using fuzz::expect;
using fuzz::lines_of;

exchange_request request_of(std::string_view input) {
  auto lines = lines_of(input);
  lines.resize(std::max<std::size_t>(lines.size(), 2));
  exchange_request request{lines[0], lines[1]};
  if (!is_usable_url(request.url)) return request;
  for (std::size_t i = 2; i < lines.size(); ++i) {
    constexpr std::string_view set_cookie = "Set-Cookie:";
    constexpr std::string_view method = "Method:";
    constexpr std::string_view body_type = "Body-Type:";
    if (lines[i].starts_with(set_cookie)) {
      request.cookies.store(std::string_view{lines[i]}.substr(set_cookie.size()), request.url);
    } else if (lines[i].starts_with(method)) {
      request.set_method(lines[i].substr(method.size()));
    } else if (lines[i].starts_with(body_type)) {
      request.set_body(lines[1], lines[i].substr(body_type.size()));
    } else {
      request.headers.push_back(lines[i]);
    }
  }
  return request;
}

bool sends_body(const request_parts& parts) {
  return sends_content(parts.request) && !parts.is_changed_to_get;
}
std::string_view body_of(const request_parts& parts) {
  return sends_body(parts) ? parts.request.body() : std::string_view{};
}
std::string_view method_of(const request_parts& parts) {
  return parts.is_changed_to_get ? "GET" : parts.request.method();
}

/// Returns the names of the fields in the request, in their order.
std::vector<std::string> expected_names(const request_parts& parts) {
  std::vector<std::string> custom;
  for (const auto& line : parts.request.headers) {
    const bool is_of_body = sends_content(parts.request) && describes_body(line);
    if (is_of_body ? sends_body(parts) : parts.is_at_origin) custom.emplace_back(text_before(line, ":"));
  }
  std::vector<std::string> names;
  const auto add_default = [&](std::string_view name) {
    if (std::ranges::none_of(custom, [&](auto& other) { return equals_ignoring_case(other, name); }))
      names.emplace_back(name);
  };
  add_default("Host");
  add_default("Accept");
  if (parts.accept_compressed) add_default("Accept-Encoding");
  if (parts.is_at_origin && !parts.request.cookies.header_for(parts.url).empty()) add_default("Cookie");
  names.insert(names.end(), custom.begin(), custom.end());
  if (sends_body(parts)) {
    if (!trim(parts.request.content_type()).empty()) add_default("Content-Type");
    add_default("Content-Length");
  }
  return names;
}

void expect_lines(std::string_view text, const request_parts& parts) {
  const auto head = text.substr(0, text.find("\r\n\r\n"));
  expect(head.size() < text.size(), "a request has an empty line", text);
  expect(text.substr(head.size() + 4) == body_of(parts), "the body follows the empty line", text);
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin <= head.size();) {
    lines.push_back(head.substr(begin, head.find("\r\n", begin) - begin));
    begin += lines.back().size() + 2;
  }
  for (const auto line : lines) {
    expect(std::ranges::none_of(line, [](char c) { return is_control(c) && c != '\t'; }),
           "a line has no control characters", line);
  }
  const auto first = lines.front();
  expect(first.starts_with(std::string{method_of(parts)} + " /") && first.ends_with(" HTTP/1.1") &&
             std::ranges::count(first, ' ') == 2 && !first.contains('\t') &&
             !first.substr(method_of(parts).size()).contains('#'),
         "the first line has a method, a target and the version", first);
  std::vector<std::string> names;
  for (const auto line : lines) names.emplace_back(text_before(line, ":"));
  names.erase(names.begin());
  expect(names == expected_names(parts), "a request has the expected fields", text);
}

void expect_as_beast(std::string_view text, const request_parts& parts) {
  http::request_parser<http::string_body> parser;
  parser.eager(true);
  boost::system::error_code error;
  const auto size = parser.put(boost::asio::const_buffer{text.data(), text.size()}, error);
  expect(!error && parser.is_done() && size == text.size(), "Beast reads the request", error.message());
  const auto& message = parser.get();
  expect(std::string_view{message.method_string()} == method_of(parts), "Beast reads the method");
  expect(message.body() == body_of(parts), "Beast reads the body");
  const std::string host{message[http::field::host]};
  expect(same_origin("http://" + host, parts.url), "Beast reads the host", host);
}

}  // namespace

void farebench::fuzz::fuzz_native_request(std::string_view input) {
  const auto request = request_of(input);
  if (check_request(request) != abort_reason::none) return;
  const auto origin = origin_of(request.url);
  if (origin->is_https || origin->has_user) return;
  for (const bool is_at_origin : {true, false}) {
    for (const bool is_changed_to_get : {true, false}) {
      const request_parts parts{.url = request.url,
                                .origin = *origin,
                                .request = request,
                                .is_changed_to_get = is_changed_to_get,
                                .is_at_origin = is_at_origin,
                                .accept_compressed = is_changed_to_get};
      std::string text;
      append_request(text, parts);
      expect_lines(text, parts);
      if (!is_at_origin || request.headers.empty()) expect_as_beast(text, parts);
    }
  }
}
