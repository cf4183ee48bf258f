#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "farebench/fetch_error.hpp"

namespace farebench {

// Header of a response (RFC 9110 and 9112), independent of the transport.

/// Fields that a client interprets; `other` stands for all others.
enum class field_name : std::uint8_t {
  other,
  connection,
  content_encoding,
  content_length,
  location,
  retry_after,
  set_cookie,
  transfer_encoding,
};

/// The field whose lines are arriving. The next line may continue it (obs-fold; RFC 9112, 5.2), so that it is
/// complete only when a line arrives that does not.
class header_field {
 public:
  void clear();
  /// Starts the field of a line. Ignores a name with a blank before its colon, except of the two fields that
  /// delimit a body.
  void begin(std::string_view line);
  /// Appends a line that continues the field. Returns false if it does not.
  bool extend(std::string_view line);

  field_name name() const { return name_; }
  /// Without surrounding blanks; lines are joined by one space.
  std::string_view value() const { return value_; }
  /// Returns true if a transport that reads each line alone may read something else.
  bool is_ambiguous() const { return is_ambiguous_; }

 private:
  // Empty if the name is `other`.
  std::string value_;
  field_name name_ = field_name::other;
  bool is_ambiguous_ = false;
};

/// Returns the status of the status line of an HTTP/1.0 or HTTP/1.1 response, 0 if `line` is none. Several
/// blanks may separate its parts, and the reason may be missing (RFC 9112, 4).
int parse_status_line(std::string_view line);

/// Returns true if an element of a comma-separated list is `lower_case_name`.
bool list_contains(std::string_view list, std::string_view lower_case_name);

/// Returns true if a Content-Encoding leaves the body as it is: each coding is "identity" or empty.
bool is_identity_coding(std::string_view codings);
/// Returns true if a client that sent an Accept-Encoding can expect these Content-Encodings.
bool is_known_content_coding(std::string_view codings);
/// Returns how often these Content-Encodings apply gzip, or nullopt if one of them is another coding.
std::optional<std::size_t> count_gzip_codings(std::string_view codings);
/// Returns true if a client that sent no TE can expect these Transfer-Encodings: identity, then at most one
/// chunked (RFC 9112, 6.1 and 7.4).
bool is_known_transfer_coding(std::string_view codings);

/// Returns the delay that a Retry-After asks for, given in seconds or as a date (RFC 9110, 10.2.3). More
/// seconds than the type holds give its maximum; an invalid value and a date in the past give zero.
fetch_error::retry_after_seconds parse_retry_after(
    std::string_view value, std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

}  // namespace farebench
