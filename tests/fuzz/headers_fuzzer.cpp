// What is made of single headers, without a connection. Its laws:
// - a header's value is of its line, without blanks around it, and there whatever the case of its name;
// - a Set-Cookie gives the session that RFC 6265 (5.2) reads in it, said here a second time;
// - a Location leads to http or https, or is refused; where it leads to the same origin, it does so again;
// - no wait is below zero or beyond its caps, whatever was asked for and however often.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "farebench/fetch_policy.hpp"
#include "farebench/site_protocol.hpp"
#include "http/libcurl.hpp"
#include "tests/fuzz/law.hpp"

namespace {

using namespace farebench;
using namespace std::chrono_literals;
using fuzz::expect;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string without_blanks_around(std::string text) {
  while (!text.empty() && is_blank(text.back())) text.pop_back();
  while (!text.empty() && is_blank(text.front())) text.erase(0, 1);
  return text;
}

/// The session as RFC 6265's algorithm has it, in its order of steps.
std::optional<std::string> session_by_the_book(const std::string& set_cookie) {
  std::string pair = set_cookie.substr(0, set_cookie.find(';'));
  const auto equals = pair.find('=');
  if (equals == std::string::npos) return std::nullopt;
  const std::string name = without_blanks_around(pair.substr(0, equals));
  const std::string value = without_blanks_around(pair.substr(equals + 1));
  if (name != "JSESSIONID" || value.empty()) return std::nullopt;
  pair = without_blanks_around(pair);
  for (const char c : pair) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) return std::nullopt;
  }
  return pair;
}

void expect_header(std::string_view line) {
  const auto value = header_value(line, "set-cookie");
  std::string loud{line};
  std::ranges::transform(loud, loud.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  expect(header_value(loud, "set-cookie").has_value() == value.has_value(), "a name's case means nothing");
  if (!value) return;
  expect(value->data() >= line.data() && value->data() + value->size() <= line.data() + line.size(),
         "a value is of its line");
  expect(value->empty() || (!is_blank(value->front()) && !is_blank(value->back())), "without blanks around");
}

void expect_session(std::string_view set_cookie) {
  constexpr std::string_view site = "http://127.0.0.1:8080";
  const auto for_all = session_from_set_cookie(set_cookie.substr(0, set_cookie.find(';')), site);
  const auto by_the_book = session_by_the_book(std::string{set_cookie});
  expect(for_all.has_value() == by_the_book.has_value(), "a session where the RFC has one", set_cookie);
  if (for_all) expect(*for_all == *by_the_book, "the session that the RFC has", *for_all);
  const auto session = session_from_set_cookie(set_cookie, site);
  expect(!session || session == for_all, "attributes take a session back and change nothing", set_cookie);
}

void expect_redirect(const std::string& location) {
  const std::string from = "http://127.0.0.1:8080/m/";
  const auto where = classify_redirect(from, location);
  expect(classify_redirect(from, location) == where, "the same place each time");
  if (location.starts_with("file:") || location.starts_with("ftp:"))
    expect(where == redirect_target::not_http, "http alone", location);
}

void expect_waits(std::string_view bytes) {
  std::int32_t asked = 0;
  std::uint32_t number = 0;
  if (bytes.size() < sizeof asked + sizeof number) return;
  std::memcpy(&asked, bytes.data(), sizeof asked);
  std::memcpy(&number, bytes.data() + sizeof asked, sizeof number);
  const fetch_error why{fetch_error_kind::unexpected_status, "", 429,
                        fetch_error::retry_after_seconds{asked}};
  fetch_policy policy;
  for (const auto cap : {0ms, 1ms, 30'000ms, 86'400'000ms}) {
    policy.retry_after_cap = policy.backoff_cap = policy.backoff_base = cap;
    const auto wait = wait_before_repeat(policy, number, why, 0.999);
    expect(wait >= 0ms && wait <= 2 * cap, "a wait has its caps");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(bytes), size};
  expect_header(text);
  expect_session(text);
  if (const auto value = header_value(text, "set-cookie")) expect_session(*value);
  // libcurl has refused a header with a NUL by the time that anyone asks where it leads.
  if (text.find('\0') == std::string_view::npos) expect_redirect(std::string{text});
  expect_waits(text);
  return 0;
}
