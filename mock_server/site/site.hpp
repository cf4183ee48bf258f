#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "farebench/fare.hpp"

namespace farebench {

/// The live sessions of a site, at most `capacity` of them: starting one more ends the oldest.
/// Any thread.
class session_store {
 public:
  /// Six times the most scrapes that a benchmark has under way at once, in about 6 MB.
  static constexpr std::size_t default_capacity = 65'536;

  explicit session_store(std::size_t capacity = default_capacity);

  struct session {
    std::string id;         ///< 32 hex digits from the kernel's random generator
    std::uint64_t ordinal;  ///< how many were started before it
  };

  session start();
  bool is_live(std::string_view id) const { return ordinal_of(id).has_value(); }
  /// How many were started before it; nothing for what is no live session.
  std::optional<std::uint64_t> ordinal_of(std::string_view id) const;
  /// Ends it, if it is live.
  void forget(std::string_view id);
  /// Sessions ever started.
  std::uint64_t started() const;

 private:
  struct session_id {
    std::uint64_t high;
    std::uint64_t low;
    bool operator==(const session_id&) const = default;
  };
  struct hash {
    std::size_t operator()(const session_id& id) const { return id.low; }  // random already
  };

  static std::optional<session_id> read(std::string_view id);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::unordered_map<session_id, std::uint64_t, hash> live_;  // and its ordinal
  std::vector<session_id> by_age_;  // a ring once full: the oldest is at started_ % capacity_
  std::uint64_t started_ = 0;
};

/// Name and value of each field, in order; names may repeat.
using form_fields = std::vector<std::pair<std::string, std::string>>;

/// Decodes an application/x-www-form-urlencoded body (WHATWG URL, section 5.1), but strictly: a `%` that
/// two hex digits do not follow is an error, one line that says where, and never taken as it stands.
std::expected<form_fields, std::string> decode_form(std::string_view body);

/// Reads the body of a posted search form: fromStation and toStation ("ID" and 1 to 18 digits) and
/// departure (dd.mm.yy, a date that exists), each exactly once; other fields are left alone, as hidden
/// fields come with forms. The error is one line naming the field and what it should be.
std::expected<query, std::string> read_search_form(std::string_view body);

/// A request as far as the site looks at it. Views of the engine's memory, valid during respond().
struct site_request {
  std::string_view method;
  std::string_view target;             ///< path and query, as sent
  std::string_view cookie = {};        ///< the Cookie header, or empty
  std::string_view content_type = {};  ///< the Content-Type header, or empty
  std::string_view body = {};
};

/// A session that a response starts: how many the site had started before.
struct started_session {
  std::uint64_t ordinal;
};

/// What an engine sends back. Headers that are empty are not sent; for HEAD the engine leaves the
/// body out.
struct site_response {
  int status = 200;
  std::string content_type;
  std::string set_cookie;
  std::string allow;
  std::string location;  ///< the site itself never sends one, nor the next: faults do
  std::string retry_after;
  std::string body;
  /// Not sent: which step of a scrape it was, or none.
  std::variant<std::monostate, started_session, query> step = {};
  /// Not sent: of the session that it starts, or in which it was asked for, how many were before it.
  std::optional<std::uint64_t> session_ordinal = {};
};

/// Calls emit(name, value) for each header of a response but those that frame it and keep its connection.
template <typename Emit>
void for_each_header(const site_response& response, Emit emit) {
  emit("Content-Type", response.content_type);
  if (!response.set_cookie.empty()) emit("Set-Cookie", response.set_cookie);
  if (!response.allow.empty()) emit("Allow", response.allow);
  if (!response.location.empty()) emit("Location", response.location);
  if (!response.retry_after.empty()) emit("Retry-After", response.retry_after);
}

/// The mock site: start page, search form, results; the same behind every engine. It knows neither
/// HTTP libraries nor time. Any thread.
///
/// GET  /m/                                              → 200, the form, and a new session's cookie
/// POST /m/?0-1.IFormSubmitListener-searchForm-form      → 200, the results page
///   400 for a form that does not read as one (the body says why), 403 without a live session,
///   404 for any other path, and for a POST to any other query; 405 for a method that a known path has not.
class site {
 public:
  /// Throws std::invalid_argument for a size outside the bounds of page_size.hpp.
  explicit site(std::size_t page_kb);

  site_response respond(const site_request& request);
  /// Ends those that a Cookie header names, as a site does on its own after some time.
  void expire_sessions(std::string_view cookies);

  /// Sessions ever handed out.
  std::uint64_t sessions_started() const;

 private:
  site_response start_page();
  site_response search(const site_request& request);

  const std::size_t page_kb_;
  session_store sessions_;
};

}  // namespace farebench
