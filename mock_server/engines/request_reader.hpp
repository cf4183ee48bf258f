#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "mock_server/site/site.hpp"

namespace farebench {

/// One request, read from pieces of whatever size by Beast's parser; keeps what the site looks at and drops
/// the rest, above all bodies that are no forms. Bounded by request_limits. Owned by the connection, on the
/// engine's thread, from the first byte of the request until its answer.
class request_reader final : private boost::beast::http::basic_parser<true> {
 public:
  request_reader();

  /// Takes the request's next bytes, and returns how many those were; the caller offers the rest again,
  /// with more behind them. Not after is_read().
  std::size_t take(std::string_view bytes);

  /// The request is here, or refused.
  bool is_read() const { return is_done() || status_ != 0; }
  /// The status to refuse it with; 0: it is here.
  int refusal() const { return status_; }
  bool is_head_read() const { return is_header_done(); }
  /// The client waits for a "100 Continue" before it sends the body.
  bool waits_to_continue() const { return expects_continue_ && is_header_done() && !is_read(); }
  /// Whether another request can follow on the connection.
  bool keeps_connection() const { return is_done() && status_ == 0 && !is_cut_ && keep_alive(); }

  /// Views of what this object holds.
  site_request request() const;
  /// Its X-Scrape header, or empty: what the fault plan knows it by.
  std::string_view scrape_tag() const { return scrape_tag_; }

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;
  using field = boost::beast::http::field;
  using verb = boost::beast::http::verb;

  bool is_done() const { return is_cut_ || basic_parser::is_done(); }
  void refuse(int status, error_code& stop);
  void keep_form(string_view body);
  void cut(std::string_view untaken);

  void on_request_impl(verb known, string_view method, string_view target, int version,
                       error_code& error) override;
  void on_field_impl(field known, string_view name, string_view value, error_code& error) override;
  void on_header_impl(error_code&) override {}
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
  std::size_t taken_bytes_ = 0;
  int status_ = 0;
  bool is_form_ = false;
  bool form_is_too_long_ = false;
  bool expects_continue_ = false;
  bool is_cut_ = false;  // longer than is read: what came suffices to answer, but not to go on
};

}  // namespace farebench
