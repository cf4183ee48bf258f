#pragma once

#include <algorithm>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "farebench/cookie_jar.hpp"
#include "farebench/fetch_error.hpp"

namespace farebench {

namespace detail {

/// Owns a value, or none, in the space of a pointer: rarely used parts of values of which there are many. A
/// copy copies the value.
template <typename Value>
class boxed {
 public:
  boxed() = default;
  boxed(const boxed& other) : value_{other ? std::make_unique<Value>(*other) : nullptr} {}
  boxed(boxed&&) noexcept = default;
  boxed& operator=(const boxed& other) {
    boxed copy{other};
    value_ = std::move(copy.value_);
    return *this;
  }
  boxed& operator=(boxed&&) noexcept = default;
  ~boxed() = default;

  explicit operator bool() const { return value_ != nullptr; }
  Value& operator*() { return *value_; }
  const Value& operator*() const { return *value_; }
  Value* operator->() { return value_.get(); }
  const Value* operator->() const { return value_.get(); }

  /// Returns the value, created by its default constructor if there is none. Throws std::bad_alloc.
  Value& get_or_create() {
    if (!value_) value_ = std::make_unique<Value>();
    return *value_;
  }

 private:
  std::unique_ptr<Value> value_;
};

}  // namespace detail

/// One HTTP request: a GET, a POST if it has a body, or any other method. A value; any client sends it.
///
/// Redirects are followed (RFC 9110, 15.4), up to fetch_limits::max_redirects and within all other limits of
/// the exchange. After 303, except to a HEAD, and for a POST after 301 and 302, the next request is a GET
/// without a body; otherwise it repeats the method and the body. The bodies of redirects are discarded.
///
/// A request on a kept connection is sent once more, on a new one, if the server closes the connection with
/// status 408, or without a response: it may have done so before the request arrived. Without a response,
/// this holds for GET, HEAD, OPTIONS, TRACE, PUT and DELETE (RFC 9110, 9.2.2), and for a POST of a form. Any
/// other request gives connection_lost, because the server may have acted on it.
///
/// The client sends Host, "Accept: */*", the fields of the body, and what the members below ask for. There is
/// no User-Agent unless `headers` has one.
struct exchange_request {
  /// Receives one chunk of the response body. The view is valid during the call only.
  using body_sink = std::function<void(std::string_view chunk)>;

  // Not an aggregate: GCC 12 destroys a brace-initialised aggregate twice if it is written inside a co_await
  // expression and its coroutine is destroyed while suspended there.
  exchange_request() = default;
  /// A GET, or a POST if there is a form.
  explicit exchange_request(std::string request_url, std::string request_form = {},
                            cookie_jar request_cookies = {}, body_sink sink = {})
      : url{std::move(request_url)},
        form{std::move(request_form)},
        cookies{std::move(request_cookies)},
        on_body{std::move(sink)} {}

  /// Absolute http or https URL.
  std::string url;
  /// Request body, as application/x-www-form-urlencoded. Empty for a request without one. Not sent if
  /// `set_body` has been called.
  std::string form;
  /// Cookies of the session, for the Cookie header. The exchange changes them as its responses say, also
  /// between redirects, and returns them with the response. Not sent and not changed at another scheme, host
  /// or port than those of `url`.
  cookie_jar cookies;
  /// Called with each chunk of the decoded body, whatever the status, in the thread that runs the exchange.
  /// If empty, the body is discarded unless `collects_body` is set, as is a failure's or redirect's body in a
  /// coding that was not requested. An exception ends the exchange and is rethrown when it completes;
  /// std::bad_alloc gives out_of_resources instead.
  body_sink on_body;
  /// Additional header fields, each "Name: value". They replace the default field of their name, such as
  /// Accept, and are sent even with an empty value. An invalid name or a control character in a value is an
  /// `invalid_header`, as are Content-Length, Transfer-Encoding and Expect, which belong to the client.
  ///
  /// Not sent after a redirect to another scheme, host or port, except that fields whose name begins with
  /// "Content-" go wherever the body goes. They are left out when a redirect drops the body.
  std::vector<std::string> headers;
  /// Sends the request on a new connection, which is closed afterwards unless the last response has status
  /// 200. Otherwise the client may use an idle one.
  bool opens_connection = false;
  /// Closes the connection after the last response.
  bool closes_connection = false;
  /// Returns the header fields of the last response, for exchange_response::fields, and its URL.
  bool collects_header = false;
  /// Returns the decoded body of the last response, for exchange_response::body, and its URL. Its limit is
  /// fetch_limits::max_body_bytes. Independent of `on_body`.
  bool collects_body = false;
  /// Limit for the whole exchange. The lower of this and fetch_limits::exchange_deadline applies. If this is
  /// zero, exchange_deadline alone applies.
  std::chrono::milliseconds timeout{0};

  /// Sets the method, such as "PUT"; an empty one restores the default. Methods are case-sensitive. An
  /// exchange with a method that is no token (RFC 9110, 5.6.2), CONNECT, or HEAD or TRACE with a body gives
  /// `invalid_method`. Throws std::bad_alloc.
  void set_method(std::string token) { custom_.get_or_create().method = std::move(token); }
  /// Sets the body, any bytes, which replaces `form`, and its Content-Type, which is not sent if it is empty.
  /// A control character in `content_type` is an `invalid_header`. A body of 0 bytes is one, too. Throws
  /// std::bad_alloc.
  void set_body(std::string bytes, std::string content_type) {
    custom_parts& custom = custom_.get_or_create();
    custom.body = std::move(bytes);
    custom.content_type = std::move(content_type);
    custom.has_body = true;
  }

  /// Returns the method. The default is POST if there is a body, otherwise GET.
  std::string_view method() const {
    if (custom_ && !custom_->method.empty()) return custom_->method;
    return has_body() ? "POST" : "GET";
  }
  /// Returns true if `set_body` has been called or the form is not empty.
  bool has_body() const { return is_form() ? !form.empty() : true; }
  /// Returns true if the body is that of `form`, or there is none.
  bool is_form() const { return !custom_ || !custom_->has_body; }
  /// Returns the bytes of the body. The view is valid as long as the request is unchanged.
  std::string_view body() const { return is_form() ? form : custom_->body; }
  /// Returns the media type of a body. Empty without one.
  std::string_view content_type() const {
    if (!is_form()) return custom_->content_type;
    return form.empty() ? "" : "application/x-www-form-urlencoded";
  }
  /// Moves the body out.
  std::string take_body() { return std::move(is_form() ? form : custom_->body); }

 private:
  struct custom_parts {
    // Empty for the default.
    std::string method;
    std::string body;
    std::string content_type;
    bool has_body = false;
  };
  detail::boxed<custom_parts> custom_;
};

/// Returns a GET whose response has the header fields, the body and the final URL.
inline exchange_request collecting_request(std::string url) {
  exchange_request request{std::move(url)};
  request.collects_header = request.collects_body = true;
  return request;
}

/// A field of a response's header.
struct response_field {
  /// As received; names ignore case.
  std::string name;
  /// Without surrounding blanks. Lines that continue the field are joined by one space.
  std::string value;

  /// Compares name and value as received.
  bool operator==(const response_field&) const = default;
};

/// Parts of the last response that exchange_request::collects_header and collects_body ask for.
struct collected_response {
  /// URL after redirects, with its fragment.
  std::string url;
  /// In the order received, without those of 1xx responses and trailers. Fields with a blank before the colon
  /// are left out (RFC 9112, 5.1).
  std::vector<response_field> fields;
  /// Decoded.
  std::string body;
};

/// Status and selected parts of a response.
struct exchange_response {
  /// HTTP status code of the last response, after redirects.
  int status = 0;
  /// Delay given by the Retry-After header, the longest of several. Zero if there is no valid one or the
  /// status is 200.
  fetch_error::retry_after_seconds retry_after{};
  /// Cookies of the session after the exchange; see exchange_request::cookies.
  cookie_jar cookies = {};
  /// Empty unless the request asked for it. The functions below use it.
  detail::boxed<collected_response> collected = {};

  /// Returns the value of the first header field of this name in any case, or nullopt. The view is valid as
  /// long as `collected` is unchanged.
  std::optional<std::string_view> find(std::string_view name) const;
  /// Returns the header fields. Empty unless exchange_request::collects_header was set.
  const std::vector<response_field>& fields() const { return parts().fields; }
  /// Returns the decoded body. Empty unless exchange_request::collects_body was set.
  const std::string& body() const { return parts().body; }
  /// Moves the body out.
  std::string take_body() { return collected ? std::move(collected->body) : std::string{}; }
  /// Returns the URL of the response, after redirects. Empty unless one of both was set.
  const std::string& url() const { return parts().url; }

 private:
  const collected_response& parts() const {
    static const collected_response none;
    return collected ? *collected : none;
  }
};

inline std::optional<std::string_view> exchange_response::find(std::string_view name) const {
  const auto to_lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const auto field = std::ranges::find_if(fields(), [&](const response_field& candidate) {
    return std::ranges::equal(candidate.name, name, {}, to_lower, to_lower);
  });
  if (field == fields().end()) return std::nullopt;
  return field->value;
}

/// The response to an exchange, or the error that prevented it. Any HTTP status is a response.
using exchange_result = std::expected<exchange_response, fetch_error>;

}  // namespace farebench
