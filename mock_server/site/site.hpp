#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "farebench/query.hpp"
#include "mock_server/site/session_store.hpp"

namespace farebench {

/// A request as far as the site looks at it. Views of the engine's memory, valid during answer().
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
  std::variant<std::monostate, started_session, query> done = {};
  /// Not sent: of the session that it starts, or in which it was asked for, how many were before it.
  std::optional<std::uint64_t> session = {};
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

  site_response answer(const site_request& request);
  /// Ends those that a Cookie header names, as a site does on its own after some time.
  void forget_sessions(std::string_view cookies);

  /// Sessions ever handed out.
  std::uint64_t sessions_started() const;

 private:
  site_response start_page();
  site_response search(const site_request& request);

  const std::size_t page_kb_;
  session_store sessions_;
};

}  // namespace farebench
