#include "http/response_reader.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "http/redirect.hpp"
#include "http/request_method.hpp"
#include "http/text.hpp"
#include "http/url.hpp"

namespace farebench {
namespace {

/// Maximum size of a redirect's body that is read and discarded, so that the connection can be reused.
constexpr std::int64_t max_discarded_bytes = 64 * 1024;

}  // namespace

request_traits traits_of(const exchange_request& request) {
  const auto method = request.method();
  return {.opens_connection = request.opens_connection,
          .closes_connection = request.closes_connection,
          .is_head = method == "HEAD",
          .is_post = method == "POST",
          .sends_content = sends_content(request),
          .is_repeatable = is_repeatable(request)};
}

void response_reader::begin(const fetch_limits& limits, cookie_jar& cookies,
                            const exchange_request::body_sink& on_body,
                            const request_traits& traits) noexcept {
  limits_ = &limits;
  cookies_ = &cookies;
  on_body_ = &on_body;
  request_opens_connection_ = traits.opens_connection;
  request_closes_connection_ = traits.closes_connection;
  request_is_head_ = traits.is_head;
  request_is_post_ = traits.is_post;
  request_sends_content_ = traits.sends_content;
  request_is_repeatable_ = traits.is_repeatable;
  collects_header_ = false;
  collects_body_ = false;
  is_cancelled_ = false;
  header_bytes_ = 0;
  details_.reset();
  discard_response();
}

void response_reader::collect(bool header, bool body, std::string_view url) {
  if (!details_) details_ = std::make_unique<details>();
  details_->collected.get_or_create().url = url;
  collects_header_ = header;
  collects_body_ = body;
}

void response_reader::begin_response(std::string_view url, bool is_on_kept_connection) noexcept {
  discard_response();
  url_ = url;
  is_on_kept_connection_ = is_on_kept_connection;
}

void response_reader::discard_response() noexcept {
  url_ = {};
  is_on_kept_connection_ = false;
  body_bytes_ = 0;
  chunks_ = 0;
  begin_header();
}

/// Resets what the header of a response sets.
void response_reader::begin_header() noexcept {
  part_ = part::status_line;
  status_ = 0;
  field_.clear();
  content_length_ = -1;
  retry_after_ = retry_after_.zero();
  closes_connection_ = false;
  has_close_option_ = false;
  has_transfer_coding_ = false;
  is_chunked_ = false;
  gzip_codings_ = 0;
  has_unoffered_coding_ = false;
  if (!details_) return;
  details_->location.clear();
  details_->continues_field = false;
  if (!details_->collected) return;
  details_->collected->fields.clear();
  details_->collected->body.clear();
}

abort_reason response_reader::accept_header(std::string_view line) {
  if (is_cancelled_) return abort_reason::cancelled;
  header_bytes_ += line.size();
  if (header_bytes_ > limits_->max_header_bytes) return abort_reason::headers_too_large;
  switch (part_) {
    case part::status_line:
      return accept_status_line(line);
    case part::first_field:
    case part::fields:
      return accept_field_line(line);
    case part::body:
      // RFC 9110, 6.5.1: trailers are not merged into the header.
      break;
  }
  return abort_reason::none;
}

/// Starts the next response. A 101 ends the exchange: no request asks for another protocol.
abort_reason response_reader::accept_status_line(std::string_view line) {
  const int status = parse_status_line(line);
  if (status == 0) return abort_reason::status_line;
  if (line.contains('\0')) return abort_reason::header_line;
  part_ = part::first_field;
  status_ = static_cast<std::int16_t>(status);
  closes_connection_ = line.starts_with("HTTP/1.0");
  return status == 101 ? abort_reason::protocol : abort_reason::none;
}

/// Accepts a line between the status line and the body. A field is complete when the next begins. The
/// first line continues none (RFC 9112, 2.2).
abort_reason response_reader::accept_field_line(std::string_view line) {
  const bool is_end = line.starts_with('\r') || line.starts_with('\n');
  const bool is_continued = line.starts_with(' ') || line.starts_with('\t');
  const bool has_field = is_continued ? part_ == part::fields : line.contains(':');
  if (!is_end && (!has_field || line.contains('\0'))) return abort_reason::header_line;
  if (collects_header_ && !is_end) collect_field_line(line);
  if (is_continued) {
    field_.extend(line);
    return abort_reason::none;
  }
  if (const auto reason = accept_field(); reason != abort_reason::none) return reason;
  field_.begin(line);
  part_ = part::fields;
  return is_end ? accept_end_of_header() : abort_reason::none;
}

/// Collects a line that is valid. Those of a 1xx response are discarded at its end.
void response_reader::collect_field_line(std::string_view line) {
  auto& fields = details_->collected->fields;
  if (line.starts_with(' ') || line.starts_with('\t')) {
    const auto text = trim(line);
    if (!details_->continues_field || text.empty()) return;
    std::string& value = fields.back().value;
    if (!value.empty()) value += ' ';
    value += text;
    return;
  }
  const auto name = text_before(line, ":");
  details_->continues_field = !name.empty() && !name.ends_with(' ') && !name.ends_with('\t');
  if (details_->continues_field)
    fields.emplace_back(std::string{name}, std::string{trim(line.substr(name.size() + 1))});
}

/// Interprets the field that has just ended. Those of 1xx responses are ignored.
///
/// libcurl reads each line alone. It misses a body's length, or its coding, on a line that continues a field,
/// and uses the wrong part of the body, or the body before it is decoded.
abort_reason response_reader::accept_field() {
  if (field_.name() == field_name::other || status_ < 200) return abort_reason::none;
  const std::string_view value = field_.value();
  switch (field_.name()) {
    case field_name::connection:
      if (list_contains(value, "close")) {
        closes_connection_ = has_close_option_ = true;
      } else if (list_contains(value, "keep-alive")) {
        // Of HTTP/1.0.
        closes_connection_ = has_close_option_;
      }
      break;
    case field_name::content_encoding:
      if (!is_identity_coding(value) && !accept_coding(value)) has_unoffered_coding_ = true;
      break;
    case field_name::content_length:
      return field_.is_ambiguous() ? abort_reason::invalid_length : accept_length(value);
    case field_name::location:
      return accept_location(value);
    case field_name::retry_after:
      retry_after_ = std::max(retry_after_, parse_retry_after(value));
      break;
    case field_name::set_cookie:
      if (!has_left_origin()) cookies_->store(value, url_);
      break;
    case field_name::transfer_encoding:
      if (field_.is_ambiguous() || !is_known_transfer_coding(value)) return abort_reason::transfer_coding;
      has_transfer_coding_ = true;
      if (list_contains(value, "chunked")) is_chunked_ = true;
      if (content_length_ >= 0) return abort_reason::length_with_chunks;
      break;
    case field_name::other:
      break;
  }
  return abort_reason::none;
}

/// Returns false if a coding was not offered.
bool response_reader::accept_coding(std::string_view value) {
  if (!limits_->accept_compressed || field_.is_ambiguous()) return false;
  if (codings_ == offered_codings::all) return is_known_content_coding(value);
  const auto count = count_gzip_codings(value);
  if (!count || *count > max_gzip_codings - gzip_codings_) return false;
  gzip_codings_ = static_cast<std::uint8_t>(gzip_codings_ + *count) & 7U;
  return true;
}

/// Rejects contradictory lengths (RFC 9112, 6.3 and 11.2). libcurl uses the last of two Content-Lengths, the
/// 5 of "5, 9", and neither of them for a chunked body. An intermediary that reads them differently would cut
/// the page short, or leave bytes that the next request reads as its response.
abort_reason response_reader::accept_length(std::string_view value) {
  std::int64_t bytes = -1;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bytes);
  if (error != std::errc{} || end != value.data() + value.size() || value.starts_with('-'))
    return abort_reason::invalid_length;
  if (content_length_ >= 0 && bytes != content_length_) return abort_reason::conflicting_lengths;
  content_length_ = bytes;
  return has_transfer_coding_ ? abort_reason::length_with_chunks : abort_reason::none;
}

/// Notes where a response redirects to. Two different Locations have no defined meaning. An empty one counts
/// as none, as in curl and browsers.
abort_reason response_reader::accept_location(std::string_view location) {
  if (location.empty() || !is_redirect(status_)) return abort_reason::none;
  if (!details_) details_ = std::make_unique<details>();
  std::string& known = details_->location;
  if (!known.empty() && known != location) return abort_reason::different_redirects;
  known = location;
  return abort_reason::none;
}

/// Decides how the response is used.
///
/// A 408 with which the server closes a kept connection may have been sent before it had received the request
/// (RFC 9110, 15.5.9). The request is then sent again, on a new connection.
///
/// The body of a redirect is read for the sake of the connection, unless it is long or lasts until the
/// connection closes: a new connection costs less then.
abort_reason response_reader::accept_end_of_header() {
  if (status_ < 200) {
    begin_header();
    return abort_reason::none;
  }
  part_ = part::body;
  if (status_ == 408 && closes_connection_ && is_on_kept_connection_) return abort_reason::connection;
  // The status of a failure says whether it may pass, so that only its body is lost.
  if (has_unoffered_coding_ && status_ < 300 && has_body()) return abort_reason::content_coding;
  if (!details_ || details_->location.empty()) return abort_reason::none;
  if (details_->followed == limits_->max_redirects) return abort_reason::too_many_redirects;
  auto url = redirect_target(url_, details_->location);
  if (!url) return abort_reason::redirect_target;
  details_->next_url = *std::move(url);
  const bool is_worth_reading =
      !has_body() || is_chunked_ || (content_length_ >= 0 && content_length_ <= max_discarded_bytes);
  return is_worth_reading ? abort_reason::none : abort_reason::redirect_body;
}

bool response_reader::is_too_slow(std::chrono::microseconds elapsed) const {
  if (elapsed <= limits_->min_rate_grace) return false;
  const double seconds = std::chrono::duration<double>{elapsed}.count();
  return static_cast<double>(body_bytes_) < static_cast<double>(limits_->min_bytes_per_second) * seconds;
}

abort_reason response_reader::use_body(std::string_view chunk) {
  if (is_redirected())
    return std::cmp_greater(body_bytes_, max_discarded_bytes) ? abort_reason::redirect_body
                                                              : abort_reason::none;
  if (has_unoffered_coding_) return abort_reason::none;
  if (collects_body_) details_->collected->body += chunk;
  if (*on_body_) (*on_body_)(chunk);
  return is_cancelled_ ? abort_reason::cancelled : abort_reason::none;
}

response_reader::next_request response_reader::follow_redirect() {
  details& state = *details_;
  next_request next{std::exchange(state.next_url, {}),
                    keeps_method(status_, request_is_head_, request_is_post_)};
  if (!next.keeps_method) {
    request_is_post_ = false;
    request_sends_content_ = false;
    request_is_repeatable_ = true;
  }
  if (state.followed++ == 0) state.first_url = url_;
  state.has_left_origin = !same_origin(state.first_url, next.url);
  if (state.collected) state.collected->url = next.url;
  discard_response();
  return next;
}

exchange_response response_reader::take_response() noexcept {
  exchange_response response{status_, {}, std::move(*cookies_)};
  if (details_) response.collected = std::move(details_->collected);
  if (status_ != 200) response.retry_after = retry_after_;
  return response;
}

}  // namespace farebench
