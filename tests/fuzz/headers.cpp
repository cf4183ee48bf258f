// Fuzzes the functions that read single header fields. Invariants:
// - A field's value is a part of its line without blanks around it, for any case of the name.
// - A Set-Cookie field gives the cookie that a second implementation of RFC 6265, section 5.2, reads.
// - A Location field gives a normal http or https URL, or is refused.
// - A retry's delay is between zero and its limits, for any Retry-After and any attempt.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "farebench/cookie_jar.hpp"
#include "farebench/fetch_policy.hpp"
#include "http/header_fields.hpp"
#include "http/redirect.hpp"
#include "http/url.hpp"
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

/// Reads a cookie without attributes in the steps of the algorithm in RFC 6265.
std::optional<std::string> rfc_cookie(const std::string& pair) {
  const auto equals = pair.find('=');
  if (equals == std::string::npos) return std::nullopt;
  const std::string name = trim(pair.substr(0, equals));
  const std::string value = trim(pair.substr(equals + 1));
  constexpr std::size_t max_bytes = 4'096;
  if (name.empty() || name.size() + value.size() > max_bytes) return std::nullopt;
  for (const char c : pair) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) return std::nullopt;
  }
  return name + "=" + value;
}

/// Value of a line, if it is a Set-Cookie field.
std::optional<std::string> set_cookie_of(std::string_view line) {
  header_field field;
  field.begin(line);
  if (field.name() != field_name::set_cookie) return std::nullopt;
  return std::string{field.value()};
}

void expect_header(std::string_view line) {
  const auto value = set_cookie_of(line);
  std::string upper_case{line};
  std::ranges::transform(upper_case, upper_case.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  expect(set_cookie_of(upper_case).has_value() == value.has_value(), "a name's case is ignored");
  if (!value) return;
  expect(line.contains(*value), "a value is a part of its line");
  expect(value->empty() || (!is_blank(value->front()) && !is_blank(value->back())),
         "a value has no blanks around it");
}

void expect_cookie(std::string_view set_cookie) {
  constexpr std::string_view url = "http://127.0.0.1:8080/m/";
  const auto pair = set_cookie.substr(0, set_cookie.find(';'));
  const auto expected = rfc_cookie(std::string{pair});
  cookie_jar without_attributes;
  without_attributes.store(pair, url);
  expect(without_attributes.empty() == !expected, "a cookie exists if the RFC has one", pair);
  if (expected)
    expect(without_attributes.header_for(url) == *expected, "the cookie is that of the RFC", pair);

  cookie_jar jar;
  for (int repetition = 0; repetition < 2; ++repetition) jar.store(set_cookie, url);
  const auto header = jar.header_for(url);
  expect(header.empty() || header == expected, "attributes may exclude a cookie but not change it", header);
}

void expect_redirect(std::string_view location) {
  const std::string_view from = "http://127.0.0.1:8080/m/?1";
  const auto target = redirect_target(from, location);
  if (!target) return;
  expect(origin_of(*target).has_value(), "only http and https are followed", *target);
  expect(std::ranges::all_of(*target, [](char c) { return c > ' ' && c < 0x7F; }), "a URL has no blanks",
         *target);
  // The result is absolute and has no dot segments.
  expect(resolve_url(from, *target) == *target, "a resolved URL stays the same", *target);
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
  expect_cookie(text);
  if (const auto value = set_cookie_of(text)) expect_cookie(*value);
  expect_redirect(text);
  expect_retry_delays(text);
}
