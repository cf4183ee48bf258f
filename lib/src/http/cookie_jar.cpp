#include "farebench/cookie_jar.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "http/cookie_date.hpp"
#include "http/text.hpp"
#include "http/url.hpp"

namespace farebench {
namespace {

// RFC 6265bis, 5.6.
constexpr std::size_t max_pair_bytes = 4'096;
constexpr std::size_t max_attribute_bytes = 1'024;

/// Seconds since 1970, within the range of the type.
using expiry_seconds = std::uint32_t;
constexpr auto never = std::numeric_limits<expiry_seconds>::max();

expiry_seconds to_expiry(std::chrono::sys_seconds moment) {
  return static_cast<expiry_seconds>(
      std::clamp<std::int64_t>(moment.time_since_epoch().count(), 0, never - 1));
}

expiry_seconds to_expiry(cookie_jar::clock::time_point moment) {
  return to_expiry(std::chrono::floor<std::chrono::seconds>(moment));
}

/// Begins each record. "name=value", the domain and the path follow it.
struct record_head {
  // A cookie expires at this second; `never` for one of the session.
  expiry_seconds expiry = never;
  std::uint16_t name_bytes = 0;
  std::uint16_t pair_bytes = 0;
  std::uint16_t domain_bytes = 0;
  std::uint16_t path_bytes = 0;
  // Sent to the domain only, not to its subdomains.
  bool is_host_only = true;
  bool is_secure = false;
};

bool is_forbidden(char c) { return is_control(c) && c != '\t'; }

/// Removes the text up to the next `;` from `set_cookie` and returns it.
std::string_view extract_part(std::string_view& set_cookie) {
  const auto part = text_before(set_cookie, ";");
  set_cookie.remove_prefix(std::min(part.size() + 1, set_cookie.size()));
  return trim(part);
}

/// Splits "Path=/m" into "Path" and "/m". The value is empty if there is no `=`.
std::pair<std::string_view, std::string_view> split_part(std::string_view part) {
  const auto name = text_before(part, "=");
  return {trim(name), trim(part.substr(std::min(name.size() + 1, part.size())))};
}

bool is_ip_address(std::string_view host) {
  return host.starts_with('[') || host.find_first_not_of("0123456789.") == host.npos;
}

/// RFC 6265, 5.1.3. An IP address has no parent domains.
bool matches_domain(std::string_view host, std::string_view domain) {
  if (equals_ignoring_case(host, domain)) return true;
  if (is_ip_address(host) || host.size() <= domain.size()) return false;
  const auto suffix = host.size() - domain.size();
  return host[suffix - 1] == '.' && equals_ignoring_case(host.substr(suffix), domain);
}

/// RFC 6265, 5.1.4.
bool matches_path(std::string_view request_path, std::string_view cookie_path) {
  if (!request_path.starts_with(cookie_path)) return false;
  return request_path.size() == cookie_path.size() || cookie_path.ends_with('/') ||
         request_path[cookie_path.size()] == '/';
}

/// RFC 6265, 5.1.4: the path without its last segment.
std::string_view default_path(std::string_view request_path) {
  const auto last_slash = request_path.rfind('/');
  return last_slash == 0 || last_slash == request_path.npos ? "/" : request_path.substr(0, last_slash);
}

/// RFC 6265, 5.2.2. Returns nullopt for an invalid value.
std::optional<expiry_seconds> expiry_after(std::string_view max_age, cookie_jar::clock::time_point now) {
  const bool is_negative = max_age.starts_with('-');
  const auto digits = max_age.substr(is_negative ? 1 : 0);
  if (max_age.empty() || digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
  if (is_negative) return 0;
  std::int64_t seconds = 0;
  for (const char c : digits) seconds = std::min<std::int64_t>(10 * seconds + (c - '0'), never);
  if (seconds == 0) return 0;
  return to_expiry(std::chrono::floor<std::chrono::seconds>(now) + std::chrono::seconds{seconds});
}

/// The attributes of a Set-Cookie header. Of repeated ones the last counts.
struct cookie_attributes {
  std::string_view domain;
  std::string_view path;
  std::optional<expiry_seconds> max_age;
  std::optional<expiry_seconds> expires;
  bool is_secure = false;

  cookie_attributes(std::string_view text, cookie_jar::clock::time_point now);
};

cookie_attributes::cookie_attributes(std::string_view text, cookie_jar::clock::time_point now) {
  while (!text.empty()) {
    const auto [name, value] = split_part(extract_part(text));
    if (value.size() > max_attribute_bytes) continue;
    if (equals_ignoring_case(name, "domain")) {
      if (!value.empty()) domain = value.substr(value.starts_with('.') ? 1 : 0);
    } else if (equals_ignoring_case(name, "path")) {
      path = value;
    } else if (equals_ignoring_case(name, "secure")) {
      is_secure = true;
    } else if (equals_ignoring_case(name, "max-age")) {
      if (const auto expiry = expiry_after(value, now)) max_age = expiry;
    } else if (equals_ignoring_case(name, "expires")) {
      if (const auto date = parse_cookie_date(value)) expires = to_expiry(*date);
    }
  }
}

/// Path of a request: "/" if its URL has none.
std::string_view request_path(const url_origin& origin) {
  const auto path = text_before(origin.target, "?#");
  return path.empty() ? "/" : path;
}

}  // namespace

/// A stored cookie, as parts of the jar.
struct cookie_jar::record {
  record_head head;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view pair;
  std::string_view domain;
  std::string_view path;

  std::string_view name() const { return pair.substr(0, head.name_bytes); }
  std::string_view value() const { return pair.substr(head.name_bytes + std::size_t{1}); }
};

/// Request for which cookies are selected.
struct cookie_jar::request_target {
  request_target(std::string_view url, clock::time_point moment)
      : origin{origin_of(url)},
        path{origin ? request_path(*origin) : std::string_view{}},
        now{to_expiry(moment)} {}

  bool matches(const record& cookie) const {
    if (!origin || cookie.head.expiry <= now || (cookie.head.is_secure && !origin->is_https)) return false;
    const bool matches_host = cookie.head.is_host_only ? equals_ignoring_case(origin->host, cookie.domain)
                                                       : matches_domain(origin->host, cookie.domain);
    return matches_host && matches_path(path, cookie.path);
  }

  std::optional<url_origin> origin;
  std::string_view path;
  expiry_seconds now;
};

cookie_jar::record cookie_jar::record_at(std::size_t begin) const {
  record found;
  std::memcpy(&found.head, records_.data() + begin, sizeof found.head);
  found.begin = found.end = begin;
  found.end += sizeof found.head;
  const auto extract = [&](std::size_t bytes) {
    const auto part = std::string_view{records_}.substr(found.end, bytes);
    found.end += bytes;
    return part;
  };
  found.pair = extract(found.head.pair_bytes);
  found.domain = extract(found.head.domain_bytes);
  found.path = extract(found.head.path_bytes);
  return found;
}

/// Replaces `last` by the cookie that follows it in the Cookie header, and an empty record by the first.
/// Returns false after the last one. Allocates nothing; a jar has few cookies.
bool cookie_jar::next_match(record& last, const request_target& target) const {
  const auto is_before = [](const record& left, const record& right) {
    return left.path.size() != right.path.size() ? left.path.size() > right.path.size()
                                                 : left.begin < right.begin;
  };
  std::optional<record> next;
  for (std::size_t begin = 0; begin < records_.size();) {
    const record candidate = record_at(begin);
    begin = candidate.end;
    if (!target.matches(candidate) || (last.end > 0 && !is_before(last, candidate))) continue;
    if (!next || is_before(candidate, *next)) next = candidate;
  }
  if (next) last = *next;
  return next.has_value();
}

std::string cookie_jar::header_for(std::string_view url, clock::time_point now) const {
  std::string header;
  if (records_.empty()) return header;
  const request_target target{url, now};
  for (record cookie; next_match(cookie, target);) {
    // Exact for a single cookie.
    if (header.empty()) {
      header.reserve(cookie.pair.size());
    } else {
      header.append("; ");
    }
    header.append(cookie.pair);
  }
  return header;
}

std::string_view cookie_jar::find(std::string_view name, std::string_view url, clock::time_point now) const {
  const request_target target{url, now};
  for (record cookie; next_match(cookie, target);) {
    if (cookie.name() == name) return cookie.value();
  }
  return {};
}

void cookie_jar::store(std::string_view set_cookie, std::string_view url, clock::time_point now) {
  const auto origin = origin_of(url);
  if (!origin || std::ranges::any_of(set_cookie, is_forbidden)) return;
  const auto pair = split_part(text_before(set_cookie, ";"));
  const std::string_view name = pair.first;
  const std::string_view value = pair.second;
  const auto pair_text = extract_part(set_cookie);
  if (name.empty() || !pair_text.contains('=') || name.size() + value.size() > max_pair_bytes) return;

  const cookie_attributes attributes{set_cookie, now};
  if (!attributes.domain.empty() && !matches_domain(origin->host, attributes.domain)) return;
  const auto domain = attributes.domain.empty() ? origin->host : attributes.domain;
  const auto path = attributes.path.starts_with('/') ? attributes.path : default_path(request_path(*origin));
  constexpr std::size_t max_part_bytes = std::numeric_limits<std::uint16_t>::max();
  if (domain.size() > max_part_bytes || path.size() > max_part_bytes) return;

  record_head head;
  head.expiry = attributes.max_age.value_or(attributes.expires.value_or(never));
  head.name_bytes = static_cast<std::uint16_t>(name.size());
  head.pair_bytes = static_cast<std::uint16_t>(name.size() + 1 + value.size());
  head.domain_bytes = static_cast<std::uint16_t>(domain.size());
  head.path_bytes = static_cast<std::uint16_t>(path.size());
  head.is_host_only = attributes.domain.empty();
  head.is_secure = attributes.is_secure;

  const auto expired_at = to_expiry(now);
  bool is_missing = head.expiry > expired_at;
  std::string records;
  // Exact for the first cookie.
  records.reserve(records_.size() +
                  (is_missing ? sizeof head + head.pair_bytes + domain.size() + path.size() : 0));
  const auto append_cookie = [&] {
    if (!std::exchange(is_missing, false)) return;
    records.append(reinterpret_cast<const char*>(&head), sizeof head);
    records.append(name).append("=").append(value);
    std::ranges::transform(domain, std::back_inserter(records), to_lower);
    records.append(path);
  };
  std::size_t count = 1;
  for (std::size_t begin = 0; begin < records_.size();) {
    const record old = record_at(begin);
    begin = old.end;
    if (old.head.expiry <= expired_at) continue;
    if (old.name() == name && equals_ignoring_case(old.domain, domain) && old.path == path) {
      // The new cookie takes the place, and so the age, of the one that it replaces.
      append_cookie();
    } else {
      records.append(records_, old.begin, old.end - old.begin);
      ++count;
    }
  }
  append_cookie();
  records_ = std::move(records);
  if (count > max_cookies) records_.erase(0, record_at(0).end);
}

}  // namespace farebench
