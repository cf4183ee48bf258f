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

/// The live sessions of a site. When `capacity` sessions are live, the next one ends the oldest. Thread-safe.
class session_store {
 public:
  /// Six times the maximum number of concurrent scrapes in a benchmark. Takes about 6 MB.
  static constexpr std::size_t default_capacity = 65'536;

  struct session {
    /// 32 hex digits from the kernel's random generator.
    std::string id;
    /// Number of sessions started before this one, since the last reset().
    std::uint64_t ordinal;
  };

  explicit session_store(std::size_t capacity = default_capacity);

  /// Throws std::system_error if the kernel has no random bytes.
  session start();
  /// Returns the ordinal of a live session, nullopt for any other text.
  std::optional<std::uint64_t> ordinal_of(std::string_view id) const;
  /// Ends the session. Does nothing if it is not live.
  void expire(std::string_view id);
  /// Ends all sessions. Ordinals start at 0 again.
  void reset();
  /// Number of sessions started since construction or reset().
  std::uint64_t started() const;

 private:
  struct session_id {
    std::uint64_t high;
    std::uint64_t low;
    bool operator==(const session_id&) const = default;
  };
  // Ids are random, so half of one is a hash.
  struct hash {
    std::size_t operator()(const session_id& id) const { return id.low; }
  };

  static std::optional<session_id> parse(std::string_view id);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  // Ordinals by id.
  std::unordered_map<session_id, std::uint64_t, hash> live_;
  // A ring once it is full: the oldest id is at started_ % capacity_. Expired ids keep their place.
  std::vector<session_id> by_age_;
  std::uint64_t started_ = 0;
};

/// Name and value of each field, in order. Names may repeat.
using form_fields = std::vector<std::pair<std::string, std::string>>;

/// Decodes an application/x-www-form-urlencoded body (WHATWG URL, section 5.1). Unlike the standard, rejects
/// a `%` without two hex digits. The error is one line that names the field's number.
std::expected<form_fields, std::string> decode_form(std::string_view body);

/// Parses the body of a posted search form. Requires each of these once: fromStation and toStation ("ID" and
/// 1 to 18 digits), departure (an existing date, dd.mm.yy). Ignores other fields, such as hidden ones.
/// The error is one line that names the field and the expected form.
std::expected<query, std::string> read_search_form(std::string_view body);

/// The parts of a request that the site reads: views of the engine's memory, valid during respond().
/// `target` is path and query as sent; `cookie` and `content_type` are header fields, empty if absent.
struct site_request {
  std::string_view method;
  std::string_view target;
  std::string_view cookie = {};
  std::string_view content_type = {};
  std::string_view body = {};
};

/// The start of a scrape: the response starts a session. See session_store::session for its ordinal.
struct started_session {
  std::uint64_t ordinal;
};

/// A numbered page, which belongs to no scrape.
struct numbered_page {
  std::uint32_t number;
};

/// A response for an engine to send. Empty header fields are not sent. For HEAD the engine omits the body.
struct site_response {
  int status = 200;
  std::string content_type;
  std::string set_cookie;
  std::string allow;
  /// Set by faults only, as is `retry_after`.
  std::string location;
  std::string retry_after;
  std::string body;
  /// Not sent: step of a scrape, or the page, that the response completes, if any.
  std::variant<std::monostate, started_session, query, numbered_page> step = {};
  /// Not sent: ordinal of the session that the response starts or that the request belongs to.
  std::optional<std::uint64_t> session_ordinal = {};
};

/// Returns a response of plain text, as refusals are.
site_response text_response(int status, std::string body);

/// Calls emit(name, value) for each header field of a response, except those for framing and connection.
template <typename Emit>
void for_each_header(const site_response& response, Emit emit) {
  if (!response.content_type.empty()) emit("Content-Type", response.content_type);
  if (!response.set_cookie.empty()) emit("Set-Cookie", response.set_cookie);
  if (!response.allow.empty()) emit("Allow", response.allow);
  if (!response.location.empty()) emit("Location", response.location);
  if (!response.retry_after.empty()) emit("Retry-After", response.retry_after);
}

/// The mock site: start page, search form, results and numbered pages. It needs no HTTP library. Thread-safe.
///
/// GET  /m/                                           200, the form and the cookie of a new session
/// POST /m/?0-1.IFormSubmitListener-searchForm-form   200, the results page
/// GET  /page/17                                      200, the numbered page (see page_body)
///
/// 400  Invalid form; the body gives the reason.
/// 403  Search without a live session.
/// 404  Unknown path, or a POST to another query.
/// 405  Another method on a known path.
class site {
 public:
  /// Throws std::invalid_argument if `page_kb` is out of bounds (see check_page_kb).
  explicit site(std::size_t page_kb);

  site_response respond(const site_request& request);
  /// Ends the sessions that a Cookie header field names.
  void expire_sessions(std::string_view cookies);
  /// Ends all sessions. Their ordinals start at 0 again.
  void reset_sessions();
  /// Number of sessions started since construction or reset_sessions().
  std::uint64_t sessions_started() const;
  std::size_t page_kb() const { return page_kb_; }

 private:
  site_response start_session();
  site_response search(const site_request& request);
  site_response page(std::uint32_t number) const;

  const std::size_t page_kb_;
  session_store sessions_;
};

}  // namespace farebench
