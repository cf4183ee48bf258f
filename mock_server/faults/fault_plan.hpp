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

/// Everything that the mock server can do wrong on purpose. Closed: a plan, a log and a flag know no others.
/// In fault_table each has its name and meaning.
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
  // How an answer is framed.
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
  // More than anyone should take.
  flood_1xx,
  header_bomb,
  huge_header_line,
  huge_body,
  huge_chunked_body,
  gzip_bomb,
  nested_gzip_bomb,
  broken_gzip,
  unasked_gzip,
  // Well-formed answers that are none.
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
  // The page of a search.
  malformed_html,
  mis_encoded_html,
  missing_field,
  extra_field,
  price_not_a_number,
  price_too_large,
  unclosed_comment,
};

/// Where in a scrape a fault can be: at GET /m/, at the search, or at both.
enum class fault_steps : std::uint8_t { start = 1, search = 2, both = 3 };

struct fault_description {
  fault_kind kind;
  std::string_view name;  ///< in flags, logs and columns
  fault_steps steps;
  std::string_view meaning;  ///< one line for people
};

/// In the order of fault_kind.
inline constexpr std::array fault_table{
    fault_description{fault_kind::refuse, "refuse", fault_steps::both,
                      "reset the connection, and refuse all new ones for 30 ms"},
    fault_description{fault_kind::no_response, "never_answer", fault_steps::both,
                      "read the request and never answer"},
    fault_description{fault_kind::empty_reply, "empty_reply", fault_steps::both,
                      "close without a byte of an answer"},
    fault_description{fault_kind::reset_before_headers, "reset_before_headers", fault_steps::both,
                      "reset (RST) without a byte of an answer"},
    fault_description{fault_kind::reset_in_headers, "reset_in_headers", fault_steps::both,
                      "reset after half of the head"},
    fault_description{fault_kind::reset_after_headers, "reset_after_headers", fault_steps::both,
                      "reset between head and body"},
    fault_description{fault_kind::reset_mid_body, "reset_mid_body", fault_steps::both,
                      "reset after half of the body"},
    fault_description{fault_kind::reset_after_response, "reset_after_answer", fault_steps::both,
                      "reset after the whole answer"},
    fault_description{fault_kind::close_in_headers, "close_in_headers", fault_steps::both,
                      "close after half of the head"},
    fault_description{fault_kind::close_after_response, "close_after_answer", fault_steps::both,
                      "close after the whole answer, which promised to keep the connection"},
    fault_description{fault_kind::late_response, "late_answer", fault_steps::both,
                      "answer after ten times the latency, 200 ms at least"},
    fault_description{fault_kind::dribble_headers, "dribble_headers", fault_steps::both,
                      "a header byte every 50 ms, for ever"},
    fault_description{fault_kind::dribble_body, "dribble_body", fault_steps::both,
                      "the head, then a byte of body every 50 ms, for ever"},

    fault_description{fault_kind::truncated_body, "truncated_body", fault_steps::both,
                      "close after half of the Content-Length"},
    fault_description{fault_kind::cut_between_rows, "cut_between_rows", fault_steps::search,
                      "no Content-Length, and close between two fare rows: only the page's end is missing"},
    fault_description{fault_kind::length_too_small, "length_too_small", fault_steps::both,
                      "a Content-Length that ends between two rows of the page, all of which is sent"},
    fault_description{fault_kind::length_too_large, "length_too_large", fault_steps::both,
                      "a Content-Length of 100 bytes more than there are, then close"},
    fault_description{fault_kind::two_lengths, "two_lengths", fault_steps::both,
                      "two Content-Lengths: the page's, and one that ends between two of its rows"},
    fault_description{fault_kind::negative_length, "negative_length", fault_steps::both,
                      "Content-Length: -1"},
    fault_description{fault_kind::length_not_a_number, "length_not_a_number", fault_steps::both,
                      "Content-Length: many"},
    fault_description{fault_kind::length_overflow, "length_overflow", fault_steps::both,
                      "a Content-Length of 2^64 and more"},
    fault_description{fault_kind::length_and_chunked, "length_and_chunked", fault_steps::both,
                      "chunked, with a Content-Length that ends between two rows (as in request smuggling)"},
    fault_description{fault_kind::bad_chunk_size, "bad_chunk_size", fault_steps::both,
                      "chunked, the second chunk's size no number"},
    fault_description{fault_kind::huge_chunk_size, "huge_chunk_size", fault_steps::both,
                      "chunked, the second chunk's size 17 hex digits"},
    fault_description{fault_kind::cut_chunks, "cut_chunks", fault_steps::both,
                      "chunked, closed without the last chunk, between two rows"},
    fault_description{fault_kind::http09_junk, "http09_junk", fault_steps::both,
                      "the page without a status line or a header, as in HTTP/0.9"},
    fault_description{fault_kind::bad_version, "bad_version", fault_steps::both,
                      "the answer of an HTTP/7.3 server"},
    fault_description{fault_kind::nul_in_header, "nul_in_header", fault_steps::both,
                      "a header with a NUL byte in it"},
    fault_description{fault_kind::switching_protocols, "switching_protocols", fault_steps::both,
                      "101, to a protocol that nobody asked for"},
    fault_description{fault_kind::unsolicited_response, "unsolicited_response", fault_steps::both,
                      "a second answer behind the first, with other fares, for whoever asks next"},

    fault_description{fault_kind::flood_1xx, "flood_1xx", fault_steps::both,
                      "interim answers (103), for ever"},
    fault_description{fault_kind::header_bomb, "header_bomb", fault_steps::both, "headers, for ever"},
    fault_description{fault_kind::huge_header_line, "huge_header_line", fault_steps::both,
                      "one header of 8 MiB"},
    fault_description{fault_kind::huge_body, "huge_body", fault_steps::both,
                      "a body without a length, for ever"},
    fault_description{fault_kind::huge_chunked_body, "huge_chunked_body", fault_steps::both,
                      "chunks, for ever"},
    fault_description{fault_kind::gzip_bomb, "gzip_bomb", fault_steps::both, "gzip: 4 GiB in 4 MiB"},
    fault_description{fault_kind::nested_gzip_bomb, "nested_gzip_bomb", fault_steps::both,
                      "gzip of gzip: 4 GiB in some KiB"},
    fault_description{fault_kind::broken_gzip, "broken_gzip", fault_steps::both,
                      "said to be gzip, and broken in its middle"},
    fault_description{fault_kind::unasked_gzip, "unasked_gzip", fault_steps::both,
                      "the right page, as gzip, whether asked for or not"},

    fault_description{fault_kind::status_404, "status_404", fault_steps::both, "404"},
    fault_description{fault_kind::status_408, "status_408", fault_steps::both, "408"},
    fault_description{fault_kind::status_500, "status_500", fault_steps::both, "500"},
    fault_description{fault_kind::status_502, "status_502", fault_steps::both, "502"},
    fault_description{fault_kind::status_503, "status_503", fault_steps::both, "503"},
    fault_description{fault_kind::status_504, "status_504", fault_steps::both, "504"},
    fault_description{fault_kind::flapping_5xx, "flapping_5xx", fault_steps::both,
                      "500, 502, 503 or 504, drawn for each attempt"},
    fault_description{fault_kind::retry_after_seconds, "retry_after_seconds", fault_steps::both,
                      "429, Retry-After: 1"},
    fault_description{fault_kind::retry_after_date, "retry_after_date", fault_steps::both,
                      "429, Retry-After an HTTP date, 2 s from now"},
    fault_description{fault_kind::retry_after_date_503, "retry_after_date_503", fault_steps::both,
                      "503, Retry-After an HTTP date, 2 s from now"},
    fault_description{fault_kind::retry_after_absurd, "retry_after_absurd", fault_steps::both,
                      "429, Retry-After: 99999999999999999999"},
    fault_description{fault_kind::retry_after_garbage, "retry_after_garbage", fault_steps::both,
                      "429, Retry-After: soon"},
    fault_description{fault_kind::redirect_loop, "redirect_loop", fault_steps::both,
                      "a redirect to a page that redirects to itself"},
    fault_description{fault_kind::redirect_to_file, "redirect_to_file", fault_steps::both,
                      "a redirect to file:///etc/passwd"},
    fault_description{fault_kind::redirect_to_nowhere, "redirect_to_nowhere", fault_steps::both,
                      "a redirect without a Location"},
    fault_description{fault_kind::no_cookie, "no_cookie", fault_steps::start, "no Set-Cookie"},
    fault_description{fault_kind::foreign_cookie, "foreign_cookie", fault_steps::start,
                      "the cookie set for another domain"},
    fault_description{fault_kind::expired_session, "expired_session", fault_steps::search,
                      "the session forgotten, and so 403"},
    fault_description{fault_kind::error_page, "error_page", fault_steps::search,
                      "200 and an apology, without any results"},

    fault_description{fault_kind::malformed_html, "malformed_html", fault_steps::search,
                      "unclosed tags, stray < and broken attributes around the rows, which stay the same"},
    fault_description{fault_kind::mis_encoded_html, "mis_encoded_html", fault_steps::search,
                      "bytes that are no UTF-8 within a row's words"},
    fault_description{fault_kind::missing_field, "missing_field", fault_steps::search,
                      "a row without one of its six words"},
    fault_description{fault_kind::extra_field, "extra_field", fault_steps::search,
                      "a row with a seventh word"},
    fault_description{fault_kind::price_not_a_number, "price_not_a_number", fault_steps::search,
                      "a price that is a word, or nearly a number"},
    fault_description{fault_kind::price_too_large, "price_too_large", fault_steps::search,
                      "a price beyond 2^64"},
    fault_description{fault_kind::unclosed_comment, "unclosed_comment", fault_steps::search,
                      "a comment after the first row that never ends"},
};

namespace fault_checks {
consteval bool table_follows_enum() {
  for (std::size_t i = 0; i < fault_table.size(); ++i) {
    if (fault_table[i].kind != static_cast<fault_kind>(i)) return false;
  }
  return fault_table.back().kind == fault_kind::unclosed_comment;
}
static_assert(table_follows_enum());
}  // namespace fault_checks

constexpr const fault_description& description_of(fault_kind kind) {
  return fault_table[static_cast<std::size_t>(kind)];
}
constexpr std::string_view to_string(fault_kind kind) { return description_of(kind).name; }

constexpr std::optional<fault_kind> parse_fault_kind(std::string_view name) {
  for (const fault_description& one : fault_table) {
    if (one.name == name) return one.kind;
  }
  return std::nullopt;
}

/// Whether it can be at step 1 (GET /m/) or 2 (the search).
constexpr bool applies_to(fault_kind kind, int step) {
  return (static_cast<int>(description_of(kind).steps) & step) != 0;
}

/// How often each fault is, in millionths of the exchanges that it applies to; at most 1,000,000 together. A
/// value.
class fault_rates {
 public:
  static constexpr std::uint32_t max_rate = 1'000'000;

  std::uint32_t rate(fault_kind kind) const { return millionths_[static_cast<std::size_t>(kind)]; }
  void set(fault_kind kind, std::uint32_t millionths) {
    millionths_[static_cast<std::size_t>(kind)] = millionths;
  }
  std::uint64_t sum() const {
    std::uint64_t all = 0;
    for (const std::uint32_t one : millionths_) all += one;
    return all;
  }

  bool operator==(const fault_rates&) const = default;

 private:
  std::array<std::uint32_t, fault_table.size()> millionths_{};
};

/// "reset_mid_body:2%,status_503:0.5%": names of fault_table, each once, with its rate, four decimals at
/// most, 100 % at most together. The error is one line that says what is wrong; for an unknown name, all
/// there are.
std::expected<fault_rates, std::string> parse_faults(std::string_view text);

/// All faults, a line each: name, steps, meaning.
std::string describe_faults();

/// What a request is to the fault plan and the log: which exchange, of which day's scrape, at which attempt.
/// A value.
struct attempt_step {
  std::optional<std::chrono::year_month_day> date = {};  ///< nothing: not known, then it goes by `session`
  std::optional<std::uint64_t> session = {};  ///< of an untagged GET /m/: how many sessions were before it
  int step = 0;                               ///< 1: GET /m/; 2: the search; 0: neither
  std::uint32_t attempt = 0;                  ///< from 1; 0: not known
};

/// The value of the header `X-Scrape`, with which a client says what a request is for: "2026-03-01/2" is the
/// second attempt at that day.
struct scrape_tag {
  static constexpr std::string_view header = "X-Scrape";
  static constexpr std::uint32_t max_attempt = 1'000'000;

  std::chrono::year_month_day date;
  std::uint32_t attempt;
};

/// Nothing for what is not exactly such a text.
std::optional<scrape_tag> parse_scrape_tag(std::string_view text);

/// Which fault each exchange meets: a pure function of the seed and of the exchange's date (or session), step
/// and attempt, so that every strategy and every run meets the same ones. A value; any thread.
struct fault_plan {
  static constexpr std::uint32_t no_limit = std::numeric_limits<std::uint32_t>::max();

  fault_rates rates = {};
  std::uint64_t seed = 0;
  std::uint32_t until_attempt = no_limit;  ///< a later attempt meets none, so that everything ends well

  /// Nothing: answer as it should be. Where the fault drawn does not apply to that step, too: so `a:10%` is
  /// 10 % of the exchanges that it applies to, whatever else is asked for.
  std::optional<fault_kind> fault_at(const attempt_step& exchange) const;
  /// What the fault itself then draws (a row, a status), as reproducible.
  random_stream details_at(const attempt_step& exchange) const;
};

}  // namespace farebench
