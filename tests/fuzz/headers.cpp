// Fuzzes the functions that read single header fields. Invariants:
// - A field's value is a part of its line without blanks around it, for any case of the name.
// - A Set-Cookie field gives the session that a second implementation of RFC 6265, section 5.2, reads.
// - A Location field leads to http or https, or is refused. Equal fields have equal targets.
// - A retry's delay is between zero and its limits, for any Retry-After and any attempt.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "farebench/fetch_policy.hpp"
#include "farebench/site_protocol.hpp"
#include "http/libcurl.hpp"
#include "strategies/retry.hpp"
#include "tests/fuzz/fuzzer.hpp"

namespace {

using namespace farebench;
using namespace std::chrono_literals;
using fuzz::expect;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string trim(std::string text) {
  while (!text.empty() && is_blank(text.back())) text.pop_back();
  while (!text.empty() && is_blank(text.front())) text.erase(0, 1);
  return text;
}

/// Reads the session in the steps of the algorithm in RFC 6265.
std::optional<std::string> rfc_session(const std::string& set_cookie) {
  std::string pair = set_cookie.substr(0, set_cookie.find(';'));
  const auto equals = pair.find('=');
  if (equals == std::string::npos) return std::nullopt;
  const std::string name = trim(pair.substr(0, equals));
  const std::string value = trim(pair.substr(equals + 1));
  if (name != "JSESSIONID" || value.empty()) return std::nullopt;
  pair = trim(pair);
  for (const char c : pair) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) return std::nullopt;
  }
  return pair;
}

void expect_header(std::string_view line) {
  const auto value = header_value(line, "set-cookie");
  std::string upper_case{line};
  std::ranges::transform(upper_case, upper_case.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  expect(header_value(upper_case, "set-cookie").has_value() == value.has_value(), "a name's case is ignored");
  if (!value) return;
  expect(value->data() >= line.data() && value->data() + value->size() <= line.data() + line.size(),
         "a value is a part of its line");
  expect(value->empty() || (!is_blank(value->front()) && !is_blank(value->back())),
         "a value has no blanks around it");
}

void expect_session(std::string_view set_cookie) {
  constexpr std::string_view site = "http://127.0.0.1:8080";
  const auto any_target = session_from_set_cookie(set_cookie.substr(0, set_cookie.find(';')), site);
  const auto expected = rfc_session(std::string{set_cookie});
  expect(any_target.has_value() == expected.has_value(), "a session exists if the RFC has one", set_cookie);
  if (any_target) expect(*any_target == *expected, "the session is that of the RFC", *any_target);
  const auto session = session_from_set_cookie(set_cookie, site);
  expect(!session || session == any_target, "attributes may exclude a session but not change it", set_cookie);
}

void expect_redirect(const std::string& location) {
  const std::string from = "http://127.0.0.1:8080/m/";
  const auto target = classify_redirect(from, location);
  expect(classify_redirect(from, location) == target, "equal redirects have equal targets");
  if (location.starts_with("file:") || location.starts_with("ftp:"))
    expect(target == redirect_target::not_http, "only http and https are followed", location);
}

void expect_retry_delays(std::string_view bytes) {
  std::int32_t retry_after = 0;
  std::uint32_t attempt = 0;
  if (bytes.size() < sizeof retry_after + sizeof attempt) return;
  std::memcpy(&retry_after, bytes.data(), sizeof retry_after);
  std::memcpy(&attempt, bytes.data() + sizeof retry_after, sizeof attempt);
  const fetch_error error{fetch_error_kind::unexpected_status, "", 429,
                          fetch_error::retry_after_seconds{retry_after}};
  fetch_policy policy;
  for (const auto cap : {0ms, 1ms, 30'000ms, 86'400'000ms}) {
    policy.retry_after_cap = policy.backoff_cap = policy.backoff_base = cap;
    const auto wait = retry_delay(policy, attempt, error, 0.999);
    expect(wait >= 0ms && wait <= 2 * cap, "a delay is within its limits");
  }
}

}  // namespace

void farebench::fuzz::fuzz_headers(std::string_view text) {
  expect_header(text);
  expect_session(text);
  if (const auto value = header_value(text, "set-cookie")) expect_session(*value);
  // libcurl refuses a header with a NUL before a redirect is classified.
  if (text.find('\0') == std::string_view::npos) expect_redirect(std::string{text});
  expect_retry_delays(text);
}
