#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace farebench {

/// The cookies of one session, by RFC 6265, sections 5.1 to 5.4. A value; not thread-safe. Takes the space of
/// one std::string; one cookie is one allocation.
///
/// There is no list of public suffixes: a site at www.example.com may set a cookie for .com. Exchanges send
/// and store cookies only at the scheme, host and port of their request. So no other site receives that
/// cookie, unless the program uses one jar for several sites.
///
/// HttpOnly and SameSite have no meaning here and are ignored. So is a cookie without a name, with a control
/// character, or with more than 4,096 bytes of name and value; an attribute value of more than 1,024 bytes
/// is skipped.
class cookie_jar {
 public:
  /// Clock of the cookies' expiry.
  using clock = std::chrono::system_clock;

  /// Maximum number of cookies. A further one replaces the oldest.
  static constexpr std::size_t max_cookies = 50;

  /// Stores, replaces or deletes a cookie as `set_cookie` says, the value of a Set-Cookie header of the
  /// response from `url`, an absolute http or https URL. Has no effect if RFC 6265 rejects the cookie. Throws
  /// std::bad_alloc; the jar is then unchanged.
  void store(std::string_view set_cookie, std::string_view url, clock::time_point now = clock::now());

  /// Returns the value of the Cookie header of a request for `url`: "a=b; c=d", longest paths first, then the
  /// oldest. Empty if there is no cookie for it. Throws std::bad_alloc.
  std::string header_for(std::string_view url, clock::time_point now = clock::now()) const;

  /// Returns the value of the first cookie with this name in that header, as a part of the jar. Empty if
  /// there is none.
  std::string_view find(std::string_view name, std::string_view url,
                        clock::time_point now = clock::now()) const;

  /// Returns true if the jar has no cookie.
  bool empty() const { return records_.empty(); }

 private:
  struct record;
  struct request_target;

  bool next_match(record& last, const request_target& target) const;
  record record_at(std::size_t begin) const;

  // Records in order of creation; see cookie_jar.cpp.
  std::string records_;
};

}  // namespace farebench
