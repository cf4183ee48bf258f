#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "mock_server/site/random_stream.hpp"

namespace farebench {

/// All faults that the mock server can inject. fault_table has their names and meanings.
enum class fault_kind : std::uint8_t {
  // The connection.
  refuse,
  no_response,
  empty_reply,
  reset_before_headers,
  reset_in_headers,
  reset_after_headers,
  reset_mid_body,
  reset_after_response,
  close_in_headers,
  close_after_response,
  late_response,
  dribble_headers,
  dribble_body,
  // The framing of a response.
  truncated_body,
  cut_between_rows,
  length_too_small,
  length_too_large,
  two_lengths,
  negative_length,
  length_not_a_number,
  length_overflow,
  length_and_chunked,
  bad_chunk_size,
  huge_chunk_size,
  cut_chunks,
  http09_junk,
  bad_version,
  nul_in_header,
  switching_protocols,
  unsolicited_response,
  // More data than a client should accept.
  flood_1xx,
  header_bomb,
  huge_header_line,
  huge_body,
  huge_chunked_body,
  gzip_bomb,
  nested_gzip_bomb,
  broken_gzip,
  unasked_gzip,
  // Well-formed responses without a result.
  status_404,
  status_408,
  status_500,
  status_502,
  status_503,
  status_504,
  flapping_5xx,
  retry_after_seconds,
  retry_after_date,
  retry_after_date_503,
  retry_after_absurd,
  retry_after_garbage,
  redirect_loop,
  redirect_to_file,
  redirect_to_nowhere,
  no_cookie,
  foreign_cookie,
  expired_session,
  error_page,
  // The results page.
  malformed_html,
  mis_encoded_html,
  missing_field,
  extra_field,
  price_not_a_number,
  price_too_large,
  unclosed_comment,
};

/// Steps of a scrape that a fault applies to, as bits: GET /m/ is 1, the search is 2. Faults of both apply to
/// numbered pages too.
enum class fault_steps : std::uint8_t { start = 1, search = 2, both = 3 };

struct fault_description {
  fault_kind kind;
  /// Name in flags, logs and columns. Part of their formats, so four names keep an older term.
  std::string_view name;
  fault_steps steps;
  /// One line for people.
  std::string_view meaning;
};

/// In the order of fault_kind.
inline constexpr auto fault_table = [] {
  using enum fault_kind;
  using enum fault_steps;
  return std::to_array<fault_description>({
      // The connection.
      {refuse, "refuse", both, "reset the connection, and refuse new ones for 30 ms"},
      {no_response, "never_answer", both, "read the request and never respond"},
      {empty_reply, "empty_reply", both, "close without sending a byte"},
      {reset_before_headers, "reset_before_headers", both, "reset (RST) without sending a byte"},
      {reset_in_headers, "reset_in_headers", both, "reset after half of the head"},
      {reset_after_headers, "reset_after_headers", both, "reset between head and body"},
      {reset_mid_body, "reset_mid_body", both, "reset after half of the body"},
      {reset_after_response, "reset_after_answer", both, "reset after the whole response"},
      {close_in_headers, "close_in_headers", both, "close after half of the head"},
      {close_after_response, "close_after_answer", both,
       "close after the whole response, which promised to keep the connection"},
      {late_response, "late_answer", both, "respond after ten times the latency, at least 200 ms"},
      {dribble_headers, "dribble_headers", both, "send a header byte every 50 ms, endlessly"},
      {dribble_body, "dribble_body", both, "send the head, then a body byte every 50 ms, endlessly"},
      // The framing of a response.
      {truncated_body, "truncated_body", both, "close after half of the Content-Length"},
      {cut_between_rows, "cut_between_rows", search,
       "no Content-Length, close between two fare rows: only the page's end is missing"},
      {length_too_small, "length_too_small", both,
       "a Content-Length that ends between two rows of the page, which is sent whole"},
      {length_too_large, "length_too_large", both, "a Content-Length 100 bytes above the body, then close"},
      {two_lengths, "two_lengths", both,
       "two Content-Lengths: the page's, and one that ends between two of its rows"},
      {negative_length, "negative_length", both, "Content-Length: -1"},
      {length_not_a_number, "length_not_a_number", both, "Content-Length: many"},
      {length_overflow, "length_overflow", both, "a Content-Length above 2^64"},
      {length_and_chunked, "length_and_chunked", both,
       "chunked, with a Content-Length that ends between two rows (as in request smuggling)"},
      {bad_chunk_size, "bad_chunk_size", both, "chunked, the size of the second chunk is not a number"},
      {huge_chunk_size, "huge_chunk_size", both, "chunked, the size of the second chunk has 17 hex digits"},
      {cut_chunks, "cut_chunks", both, "chunked, closed between two rows without the last chunk"},
      {http09_junk, "http09_junk", both, "the page without status line and header, as in HTTP/0.9"},
      {bad_version, "bad_version", both, "a response of version HTTP/7.3"},
      {nul_in_header, "nul_in_header", both, "a header field with a NUL byte"},
      {switching_protocols, "switching_protocols", both, "101, to a protocol that was not requested"},
      {unsolicited_response, "unsolicited_response", both,
       "a second response after the first, with other fares, read by the next request"},
      // More data than a client should accept.
      {flood_1xx, "flood_1xx", both, "interim responses (103), endlessly"},
      {header_bomb, "header_bomb", both, "header fields, endlessly"},
      {huge_header_line, "huge_header_line", both, "one header field of 8 MiB"},
      {huge_body, "huge_body", both, "a body without a length, endlessly"},
      {huge_chunked_body, "huge_chunked_body", both, "chunks, endlessly"},
      {gzip_bomb, "gzip_bomb", both, "gzip: 4 GiB in 4 MiB"},
      {nested_gzip_bomb, "nested_gzip_bomb", both, "gzip within gzip: 4 GiB in some KiB"},
      {broken_gzip, "broken_gzip", both, "gzip, corrupt in the middle"},
      {unasked_gzip, "unasked_gzip", both, "the right page as gzip, even if the client does not accept it"},
      // Well-formed responses without a result.
      {status_404, "status_404", both, "404"},
      {status_408, "status_408", both, "408"},
      {status_500, "status_500", both, "500"},
      {status_502, "status_502", both, "502"},
      {status_503, "status_503", both, "503"},
      {status_504, "status_504", both, "504"},
      {flapping_5xx, "flapping_5xx", both, "500, 502, 503 or 504, drawn for each attempt"},
      {retry_after_seconds, "retry_after_seconds", both, "429, Retry-After: 1"},
      {retry_after_date, "retry_after_date", both, "429, Retry-After with an HTTP date, 2 s from now"},
      {retry_after_date_503, "retry_after_date_503", both,
       "503, Retry-After with an HTTP date, 2 s from now"},
      {retry_after_absurd, "retry_after_absurd", both, "429, Retry-After: 99999999999999999999"},
      {retry_after_garbage, "retry_after_garbage", both, "429, Retry-After: soon"},
      {redirect_loop, "redirect_loop", both, "a redirect to a page that redirects to itself"},
      {redirect_to_file, "redirect_to_file", both, "a redirect to file:///etc/passwd"},
      {redirect_to_nowhere, "redirect_to_nowhere", both, "a redirect without a Location"},
      {no_cookie, "no_cookie", start, "no Set-Cookie"},
      {foreign_cookie, "foreign_cookie", start, "a cookie for another domain"},
      {expired_session, "expired_session", search, "the session has expired, so 403"},
      {error_page, "error_page", search, "200 with an apology and no results"},
      // The results page.
      {malformed_html, "malformed_html", search,
       "unclosed tags, stray < and broken attributes around the rows, which stay intact"},
      {mis_encoded_html, "mis_encoded_html", search, "invalid UTF-8 within a word of a row"},
      {missing_field, "missing_field", search, "a row without one of its six words"},
      {extra_field, "extra_field", search, "a row with a seventh word"},
      {price_not_a_number, "price_not_a_number", search, "a price that is a word, or almost a number"},
      {price_too_large, "price_too_large", search, "a price above 2^64"},
      {unclosed_comment, "unclosed_comment", search, "a comment after the first row that never ends"},
  });
}();

static_assert([] {
  for (std::size_t i = 0; i < fault_table.size(); ++i) {
    if (fault_table[i].kind != static_cast<fault_kind>(i)) return false;
  }
  return fault_table.back().kind == fault_kind::unclosed_comment;
}());

constexpr const fault_description& description_of(fault_kind kind) {
  return fault_table[static_cast<std::size_t>(kind)];
}

/// Returns the name in fault_table.
constexpr std::string_view to_string(fault_kind kind) { return description_of(kind).name; }

/// Returns nullopt for an unknown name.
constexpr std::optional<fault_kind> parse_fault_kind(std::string_view name) {
  for (const fault_description& fault : fault_table) {
    if (fault.name == name) return fault.kind;
  }
  return std::nullopt;
}

/// Returns true if the fault can occur at step 1 (GET /m/) or 2 (the search).
constexpr bool applies_to(fault_kind kind, int step) {
  return (static_cast<int>(description_of(kind).steps) & step) != 0;
}

constexpr bool applies_to_pages(fault_kind kind) { return description_of(kind).steps == fault_steps::both; }

/// Returns a line per fault: name, steps, meaning.
std::string describe_faults();

/// Rate of each fault, in millionths of the exchanges that it applies to. A value.
class fault_rates {
 public:
  /// 100 %: the maximum of a rate and of the sum.
  static constexpr std::uint32_t max_rate = 1'000'000;

  std::uint32_t rate(fault_kind kind) const { return millionths_[static_cast<std::size_t>(kind)]; }
  void set(fault_kind kind, std::uint32_t millionths) {
    millionths_[static_cast<std::size_t>(kind)] = millionths;
  }
  std::uint64_t sum() const {
    std::uint64_t result = 0;
    for (const std::uint32_t rate : millionths_) result += rate;
    return result;
  }

  bool operator==(const fault_rates&) const = default;

 private:
  std::array<std::uint32_t, fault_table.size()> millionths_{};
};

/// Parses "reset_mid_body:2%,status_503:0.5%". Each name occurs at most once, each rate has at most four
/// decimals, and the sum is at most 100 %. The error is one line; for an unknown name it lists all names.
std::expected<fault_rates, std::string> parse_faults(std::string_view text);

/// Returns the text of rates, which parse_faults reads back: without faults of rate 0, in the order of
/// fault_kind.
std::string format_faults(const fault_rates& rates);

/// The place of an exchange in a fault plan and a log. A value.
struct attempt_step {
  /// Date of the scrape; if unknown, `session` identifies the scrape.
  std::optional<std::chrono::year_month_day> date = {};
  /// Ordinal of the session that an untagged GET /m/ started.
  std::optional<std::uint64_t> session = {};
  /// Number of a page, which belongs to no scrape. All requests for it are first attempts.
  std::optional<std::uint32_t> page = {};
  /// 1: GET /m/; 2: the search; 0: neither.
  int step = 0;
  /// From 1; 0 if unknown.
  std::uint32_t attempt = 0;
};

/// Value of the request header field X-Scrape: "2026-03-01/2" is the second attempt at that day's scrape.
struct scrape_tag {
  static constexpr std::string_view header = "X-Scrape";
  static constexpr std::uint32_t max_attempt = 1'000'000;

  std::chrono::year_month_day date;
  std::uint32_t attempt;
};

/// Returns nullopt for any other text.
std::optional<scrape_tag> parse_scrape_tag(std::string_view text);

/// Assigns faults to exchanges: a pure function of the seed and of an exchange's date (or session), step and
/// attempt, or of its page number. So every strategy and every run meets the same faults. A value.
struct fault_plan {
  static constexpr std::uint32_t no_limit = std::numeric_limits<std::uint32_t>::max();

  fault_rates rates = {};
  std::uint64_t seed = 0;
  /// Later attempts meet no fault, so that every scrape succeeds in the end.
  std::uint32_t until_attempt = no_limit;

  /// Returns nullopt for no fault, also if the drawn fault does not apply to that step. So `a:10%` hits 10 %
  /// of the exchanges that it applies to, whatever the other rates are.
  std::optional<fault_kind> fault_at(const attempt_step& exchange) const;
  /// Returns the fault that every GET of that page meets.
  std::optional<fault_kind> fault_at_page(std::uint32_t number) const {
    return fault_at({.page = number, .attempt = 1});
  }
  /// Returns the stream for the details of the fault, such as a row or a status.
  random_stream details_at(const attempt_step& exchange) const;
};

}  // namespace farebench
