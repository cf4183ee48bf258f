#include "mock_server/engines/request_reader.hpp"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <limits>

#include "mock_server/engines/served_site.hpp"
#include "mock_server/engines/server_engine.hpp"
#include "mock_server/faults/fault_plan.hpp"

namespace farebench {
namespace http = boost::beast::http;
namespace {

constexpr boost::beast::string_view scrape_tag_header{scrape_tag::header.data(), scrape_tag::header.size()};

/// Returns whether the request line ends in a version of HTTP: "HTTP/2.0".
bool has_version(std::string_view request) {
  const auto line = request.substr(0, request.find("\r\n"));
  const auto at = line.rfind(" HTTP/");
  return at != std::string_view::npos && line.size() - at == std::string_view{" HTTP/2.0"}.size();
}

}  // namespace

request_reader::request_reader() {
  eager(true);
  // Beast 1.74 compares its header limit with the unread part of the head only, so that a head in small parts
  // would have no limit. consume() counts instead.
  header_limit(request_limits::request_bytes + 1);
  // Without a limit, Beast 1.74 refuses every length.
  body_limit(std::numeric_limits<std::uint64_t>::max());
}

std::size_t request_reader::consume(std::string_view bytes) {
  std::size_t blank = 0;
  while (!has_begun_ && bytes.substr(blank).starts_with("\r\n")) blank += 2;
  consumed_bytes_ += blank;
  bytes.remove_prefix(blank);
  has_begun_ = has_begun_ || !(bytes.empty() || bytes == "\r");
  return blank + parse(bytes);
}

std::size_t request_reader::parse(std::string_view bytes) {
  const std::size_t room =
      request_limits::request_bytes - std::min(consumed_bytes_, request_limits::request_bytes);
  const bool reads_head = !is_header_done();
  error_code error;
  const std::size_t count =
      has_begun_ ? put(boost::asio::const_buffer{bytes.data(), std::min(bytes.size(), room)}, error) : 0;
  consumed_bytes_ += count;
  if (error && error != http::error::need_more && refusal_ == 0)
    refusal_ = error == http::error::bad_version && has_version(bytes) ? 505 : 400;
  // A folded line (RFC 9112, section 5.2), which the parser unfolds. It consumes a head only as a whole.
  if (reads_head && is_header_done()) {
    const auto head = bytes.substr(0, bytes.find("\r\n\r\n"));
    if (head.contains("\r\n ") || head.contains("\r\n\t")) refusal_ = 400;
  }
  if (!is_read() && bytes.size() >= room) end_at_limit(bytes);
  return count;
}

site_request request_reader::request() const {
  return {
      .method = method_, .target = target_, .cookie = cookie_, .content_type = content_type_, .body = body_};
}

// Any error ends the parsing; its value is not used.
void request_reader::refuse(int status, error_code& error) {
  refusal_ = status;
  error = http::error::bad_value;
}

// The parser consumes a head only as a whole: until then `unread` holds all of it.
void request_reader::end_at_limit(std::string_view unread) {
  if (!is_header_done()) {
    const bool is_in_request_line = target_.empty() && unread.find("\r\n") == std::string_view::npos;
    refusal_ = is_in_request_line ? 414 : 431;
  } else if (is_form_) {
    refusal_ = 413;
  } else {
    is_truncated_ = true;
  }
}

void request_reader::on_request_impl(verb, string_view method, string_view target, int version,
                                     error_code& error) {
  if (!is_known_method({method.data(), method.size()})) return refuse(501, error);
  if (target.size() > request_limits::target_bytes) return refuse(414, error);
  method_.assign(method.data(), method.size());
  target_ = origin_form({target.data(), target.size()});
  version_ = version;
  is_form_ = served_site::reads_body(method_, target_);
}

void request_reader::on_field_impl(field known, string_view name, string_view value, error_code& error) {
  if (name.size() + value.size() > request_limits::header_line_bytes) return refuse(431, error);
  if (known == field::cookie && cookie_.empty()) {
    cookie_.assign(value.data(), value.size());
  } else if (known == field::content_type && content_type_.empty()) {
    content_type_.assign(value.data(), value.size());
  } else if (known == field::expect) {
    expects_continue_ = boost::beast::iequals(value, "100-continue");
  } else if (known == field::host) {
    ++hosts_;
  } else if (known == field::content_length) {
    has_length_ = true;
  } else if (known == field::transfer_encoding) {
    has_transfer_encoding_ = true;
  } else if (known == field::unknown && scrape_tag_.empty() &&
             boost::beast::iequals(name, scrape_tag_header)) {
    scrape_tag_.assign(value.data(), value.size());
  }
}

// RFC 9112, sections 3.2, 6.1 and 6.3: the host, and how long the body is, must be beyond doubt.
void request_reader::on_header_impl(error_code& error) {
  if (hosts_ > 1 || (hosts_ == 0 && version_ >= 11)) return refuse(400, error);
  if (has_transfer_encoding_ && (has_length_ || !chunked() || version_ < 11)) refuse(400, error);
}

void request_reader::keep_form(string_view body) {
  if (!is_form_) return;
  form_is_too_long_ = form_is_too_long_ || body_.size() + body.size() > request_limits::form_bytes;
  if (!form_is_too_long_) body_.append(body.data(), body.size());
}

std::size_t request_reader::on_body_impl(string_view body, error_code&) {
  keep_form(body);
  return body.size();
}

std::size_t request_reader::on_chunk_body_impl(std::uint64_t, string_view body, error_code&) {
  keep_form(body);
  return body.size();
}

void request_reader::on_finish_impl(error_code&) {
  if (form_is_too_long_) refusal_ = 413;
}

}  // namespace farebench
