#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "mock_server/site/site.hpp"

namespace farebench {

/// Reads one request with Beast's parser, from parts of any size. Keeps what the site uses and drops the
/// rest, above all bodies that are no forms. Bounded by request_limits. Owned by its connection.
class request_reader final : private boost::beast::http::basic_parser<true> {
 public:
  request_reader();

  /// Reads the next bytes of the request and returns their number. The caller passes the others again,
  /// followed by more. Not after is_read().
  std::size_t consume(std::string_view bytes);

  /// True if a byte of the request was read. Blank lines may precede it (RFC 9112, section 2.2).
  bool has_begun() const { return has_begun_; }
  /// True when the request is complete or refused.
  bool is_read() const { return is_complete() || refusal_ != 0; }
  /// The status to refuse the request with, or 0.
  int refusal() const { return refusal_; }
  bool is_head_read() const { return is_header_done(); }
  /// True if the client waits for "100 Continue" before it sends the body.
  bool waits_to_continue() const {
    return expects_continue_ && version_ >= 11 && is_header_done() && !is_read();
  }
  /// True if another request can follow on the connection.
  bool keeps_connection() const { return is_complete() && refusal_ == 0 && !is_truncated_ && keep_alive(); }

  /// Returns views of this object's memory.
  site_request request() const;
  /// The header field X-Scrape, which identifies the request to the fault plan, or empty.
  std::string_view scrape_tag() const { return scrape_tag_; }

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;
  using field = boost::beast::http::field;
  using verb = boost::beast::http::verb;

  bool is_complete() const { return is_truncated_ || is_done(); }
  std::size_t parse(std::string_view bytes);
  void refuse(int status, error_code& error);
  void keep_form(string_view body);
  void end_at_limit(std::string_view unread);

  void on_request_impl(verb known, string_view method, string_view target, int version,
                       error_code& error) override;
  void on_field_impl(field known, string_view name, string_view value, error_code& error) override;
  void on_header_impl(error_code& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t remain, string_view body, error_code&) override;
  void on_finish_impl(error_code& error) override;
  void on_response_impl(int, string_view, int, error_code&) override {}

  std::string method_;
  std::string target_;
  std::string cookie_;
  std::string content_type_;
  std::string body_;
  std::string scrape_tag_;
  std::size_t consumed_bytes_ = 0;
  int refusal_ = 0;
  int version_ = 0;
  std::size_t hosts_ = 0;
  bool has_length_ = false;
  bool has_transfer_encoding_ = false;
  bool has_begun_ = false;
  bool is_form_ = false;
  bool form_is_too_long_ = false;
  bool expects_continue_ = false;
  /// The body exceeds the limit, and its rest is not read. The response does not depend on it, but the
  /// connection must close.
  bool is_truncated_ = false;
};

}  // namespace farebench
