#include "libcurl/http_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include "http/header_fields.hpp"
#include "libcurl/options.hpp"
#include "http/redirect.hpp"
#include "http/text.hpp"
#include "http/url.hpp"

namespace farebench {
namespace {

/// Options of every handle, set in one place so that strategies differ in control flow only.
void set_common_options(CURL* handle, const fetch_limits& limits) {
  // Without NOSIGNAL, libcurl sets and restores signal handlers around every call.
  set_option(handle, CURLOPT_NOSIGNAL, 1L);
  set_option(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set_option(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set_option(handle, CURLOPT_HTTP09_ALLOWED, 0L);
  set_option(handle, CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(send_buffer_bytes));
  set_option(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set_option(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  // An empty string requests every encoding that libcurl supports.
  if (limits.accept_compressed) set_option(handle, CURLOPT_ACCEPT_ENCODING, "");
  // Connects to the URL's own server, whatever http_proxy contains.
  set_option(handle, CURLOPT_PROXY, "");
  set_option(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect_timeout.count()));
  set_option(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.exchange_deadline.count()));
}

template <typename Value>
Value info(CURL* handle, CURLINFO field) {
  Value value{};
  curl_easy_getinfo(handle, field, &value);
  return value;
}

/// Status of the response that is arriving or has arrived.
int status_of(CURL* handle) { return static_cast<int>(info<long>(handle, CURLINFO_RESPONSE_CODE)); }

bool is_out_of_resources(long os_error) {
  return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS || os_error == ENOMEM ||
         os_error == EADDRNOTAVAIL;
}

/// Detail of header_too_large if libcurl ended the transfer; see fetch_limits::max_header_bytes.
constexpr const char* libcurl_header_limit = "headers exceed a limit of libcurl";

fetch_error unrequested_coding(const header_field& field) {
  const char* const name =
      field.name() == field_name::transfer_encoding ? "Transfer-Encoding" : "Content-Encoding";
  return {fetch_error_kind::unsupported_response, fmt::format("{} that was not requested", name)};
}

/// Maximum size of a redirect's body that is read and discarded, so that the connection can be reused.
constexpr std::int64_t max_discarded_bytes = 64 * 1024;

/// RFC 9110, 5.1 and 5.5.
bool is_header_line(std::string_view line) {
  const auto is_forbidden = [](char c) { return is_control(c) && c != '\t'; };
  const auto name_end =
      line.find_first_not_of("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
  return name_end != 0 && name_end != line.npos && line[name_end] == ':' &&
         std::ranges::none_of(line, is_forbidden);
}

/// Before 8.8.0, libcurl never clears the errno of a handle.
bool keeps_errno() { return libcurl_version() < CURL_VERSION_BITS(8, 8, 0); }

/// Returns "call: message of the errno", or "call failed" if libcurl has reported none.
std::string text_of(std::string_view call, int os_error) {
  if (os_error == 0) return fmt::format("{} failed", call);
  return fmt::format("{}: {}", call, std::generic_category().message(os_error));
}

/// Returns "host:port" of a URL.
std::string server_of(std::string_view url) {
  const auto origin = origin_of(url);
  return origin ? fmt::format("{}:{}", origin->host, origin->port) : std::string{"the server"};
}

}  // namespace

http_client::http_client(const fetch_limits& limits, shared_http& shared)
    : shared_{shared},
      limits_{shared.intern(limits)},
      timeout_ms_{limits.exchange_deadline.count()},
      handle_{curl_easy_init()} {
  if (!handle_) throw std::system_error{std::make_error_code(std::errc::not_enough_memory), "curl_easy_init"};
  CURL* const easy = handle_.get();
  set_common_options(easy, limits_);
  shared.configure(easy);
  set_option(easy, CURLOPT_HEADERFUNCTION, &http_client::on_header);
  set_option(easy, CURLOPT_HEADERDATA, this);
  set_option(easy, CURLOPT_WRITEFUNCTION, &http_client::on_body);
  set_option(easy, CURLOPT_WRITEDATA, this);
  set_option(easy, CURLOPT_OPENSOCKETFUNCTION, &http_client::on_open_socket);
  set_option(easy, CURLOPT_OPENSOCKETDATA, this);
  set_option(easy, CURLOPT_PREREQFUNCTION, &http_client::on_request);
  set_option(easy, CURLOPT_PREREQDATA, this);
}

exchange_result http_client::perform(exchange_request request) {
  prepare(std::move(request));
  CURLcode code = curl_easy_perform(handle_.get());
  while (needs_transfer(code)) code = curl_easy_perform(handle_.get());
  return finish(code);
}

void http_client::cancel_on(const std::stop_token& stop) {
  if (!stop.stop_possible()) return;
  stop_ = stop;
  set_option(handle_.get(), CURLOPT_XFERINFOFUNCTION, &http_client::on_progress);
  set_option(handle_.get(), CURLOPT_XFERINFODATA, this);
  set_option(handle_.get(), CURLOPT_NOPROGRESS, 0L);
}

int http_client::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<http_client*>(self)->stop_.stop_requested() ? 1 : 0;
}

void http_client::prepare(exchange_request request) {
  form_ = std::move(request.form);
  on_body_ = std::move(request.on_body);
  cookies_ = std::move(request.cookies);
  header_bytes_ = 0;
  abort_reason_ = abort_reason::none;
  redirects_.reset();
  used_ms_ = 0;
  begin_transfer();
  if (std::exchange(has_failed_, false)) replace_handle_with_errno();
  CURL* const easy = handle_.get();
  // libcurl copies the URL and the cookies, but neither the header list nor the form.
  set_headers(request.headers);
  if (!is_usable_url(request.url)) abort_reason_ = abort_reason::url;
  if (abort_reason_ == abort_reason::none) {
    set_url(request.url);
  } else {
    set_option(easy, CURLOPT_URL, nullptr);
  }
  set_cookies(request.url);
  // The first exchange opens a connection even if another client of the loop has left an idle one.
  set_option(easy, CURLOPT_FRESH_CONNECT, request.opens_connection || !has_connection_ ? 1L : 0L);
  set_option(easy, CURLOPT_FORBID_REUSE, 0L);
  has_connection_ = true;
  request_opens_connection_ = request.opens_connection;
  request_closes_connection_ = request.closes_connection;
  auto timeout = limits_.exchange_deadline;
  if (request.timeout > request.timeout.zero()) timeout = std::min(timeout, request.timeout);
  set_timeout(timeout.count());
  if (form_.empty()) {
    set_option(easy, CURLOPT_HTTPGET, 1L);
  } else {
    set_option(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(form_.size()));
    // Also selects the method POST.
    set_option(easy, CURLOPT_POSTFIELDS, form_.c_str());
  }
}

/// Resets what belongs to a single response.
void http_client::begin_transfer() {
  body_bytes_ = 0;
  socket_errno_ = 0;
  // The socket of a connection attempt that failed is still noted here.
  opened_socket_ = -1;
  earlier_errno_ = 0;
  has_sent_request_ = false;
  chunks_ = 0;
  begin_header();
}

/// Resets what the header of a response sets.
void http_client::begin_header() {
  field_.clear();
  content_length_ = -1;
  retry_after_ = retry_after_.zero();
  is_chunked_ = false;
  has_unrequested_coding_ = false;
  closes_connection_ = false;
  is_in_trailers_ = false;
  if (redirects_) redirects_->location.reset();
}

bool http_client::needs_transfer(CURLcode code) noexcept {
  const bool is_sent_again = abort_reason_ == abort_reason::connection;
  // The body of a redirect is discarded, even if it cannot be decoded.
  const bool has_ended =
      code == CURLE_OK || code == CURLE_BAD_CONTENT_ENCODING || abort_reason_ == abort_reason::redirect_body;
  if (!is_sent_again && (!is_redirected() || !has_ended)) return false;
  try {
    deduct_elapsed_time();
    begin_transfer();
    if (is_sent_again) {
      replace_handle_with_errno();
    } else {
      follow_redirect();
    }
    abort_reason_ = abort_reason::none;
    return true;
  } catch (...) {
    // finish returns out_of_resources: only memory can be lacking.
    abort_reason_ = abort_reason::exception;
    return false;
  }
}

/// Limits the next transfer to the time that the last one has left.
void http_client::deduct_elapsed_time() {
  const std::chrono::microseconds elapsed{info<curl_off_t>(handle_.get(), CURLINFO_TOTAL_TIME_T)};
  const std::int64_t elapsed_ms = std::chrono::ceil<std::chrono::milliseconds>(elapsed).count();
  const std::int64_t left_ms = std::max<std::int64_t>(timeout_ms_ - elapsed_ms, 1);
  used_ms_ += timeout_ms_ - left_ms;
  set_timeout(left_ms);
}

/// Sets the handle up for the redirect's target. The cookies and the additional header are for the request's
/// origin only.
void http_client::follow_redirect() {
  CURL* const easy = handle_.get();
  redirects& state = *redirects_;
  const std::string url = std::exchange(state.next_url, {});
  if (state.followed++ == 0) state.first_url = info<const char*>(easy, CURLINFO_EFFECTIVE_URL);
  state.has_left_origin = !same_origin(state.first_url, url);

  set_url(url);
  set_cookies(url);
  set_option(easy, CURLOPT_HTTPHEADER, state.has_left_origin ? nullptr : header_.get());
  set_option(easy, CURLOPT_FRESH_CONNECT, 0L);
  if (!keeps_method(state.status)) set_option(easy, CURLOPT_HTTPGET, 1L);
}

/// Replaces a handle that has an errno, from which that of the next failure could not be told apart. Closes
/// its kept connection, unless that belongs to a loop.
void http_client::replace_handle_with_errno() {
  if (!keeps_errno()) return;
  const auto os_error = info<long>(handle_.get(), CURLINFO_OS_ERRNO);
  if (os_error == 0) return;
  std::unique_ptr<CURL, easy_cleanup> copy{curl_easy_duphandle(handle_.get())};
  if (!copy) throw std::bad_alloc{};
  shared_.configure(copy.get());
  handle_ = std::move(copy);
}

/// `url` is usable.
void http_client::set_url(const std::string& url) {
  set_option(handle_.get(), CURLOPT_URL, url.c_str());
  if (tls_text_ || !equals_ignoring_case(text_before(url, ":"), "https")) return;
  tls_text_ = std::make_unique<std::array<char, CURL_ERROR_SIZE>>();
  set_option(handle_.get(), CURLOPT_ERRORBUFFER, tls_text_->data());
}

/// Sets the Cookie header of a request for `url`.
void http_client::set_cookies(const std::string& url) {
  const std::string header = has_left_origin() ? std::string{} : cookies_.header_for(url);
  set_option(handle_.get(), CURLOPT_COOKIE, header.empty() ? nullptr : header.c_str());
}

void http_client::set_timeout(std::int64_t timeout_ms) {
  if (timeout_ms == timeout_ms_) return;
  set_option(handle_.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  timeout_ms_ = timeout_ms;
}

void http_client::set_headers(const std::vector<std::string>& lines) {
  if (!std::ranges::all_of(lines, is_header_line)) abort_reason_ = abort_reason::header;
  if (lines.empty() && !header_) return;
  std::unique_ptr<curl_slist, list_cleanup> list;
  for (const std::string& line : lines) {
    curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
    if (!longer) throw std::bad_alloc{};
    static_cast<void>(list.release());
    list.reset(longer);
  }
  set_option(handle_.get(), CURLOPT_HTTPHEADER, list.get());
  header_ = std::move(list);
}

exchange_result http_client::finish(CURLcode code, int watch_errno) {
  has_failed_ = code != CURLE_OK;
  try {
    if (callback_error_) std::rethrow_exception(std::exchange(callback_error_, nullptr));
    if (code == CURLE_OK && abort_reason_ == abort_reason::none) return take_response();
    if (watch_errno != 0)
      return std::unexpected(
          fetch_error{fetch_error_kind::out_of_resources, text_of("epoll_ctl", watch_errno)});
    return std::unexpected(error_of(code));
  } catch (const std::bad_alloc&) {
    // The text fits into the string itself, so that this allocates nothing.
    return std::unexpected(fetch_error{fetch_error_kind::out_of_resources, "out of memory"});
  }
}

exchange_response http_client::take_response() {
  exchange_response response{status_of(handle_.get()), {}, std::move(cookies_)};
  if (response.status != 200) response.retry_after = retry_after_;
  return response;
}

std::size_t http_client::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<http_client*>(self)->receive({data, size * count}, &http_client::accept_header);
}

std::size_t http_client::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<http_client*>(self)->receive({data, size * count}, &http_client::accept_body);
}

/// Passes received bytes to `accept`. Returns the number of bytes that libcurl is to regard as consumed; with
/// any other number than all it ends the transfer with CURLE_WRITE_ERROR.
std::size_t http_client::receive(std::string_view data,
                                 abort_reason (http_client::*accept)(std::string_view)) noexcept {
  try {
    abort_reason_ = (this->*accept)(data);
  } catch (...) {
    callback_error_ = std::current_exception();
    abort_reason_ = abort_reason::exception;
  }
  return abort_reason_ == abort_reason::none ? data.size() : 0;
}

/// Checks one line of any response of the exchange (1xx, redirects, the last one) or of its trailers.
http_client::abort_reason http_client::accept_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > limits_.max_header_bytes) return abort_reason::headers_too_large;
  // RFC 9110, 6.5.1: trailers are not merged into the header.
  if (is_in_trailers_ || field_.extend(line)) return abort_reason::none;
  if (const auto reason = accept_field(); reason != abort_reason::none) return reason;
  field_.begin(line);
  if (line.starts_with("HTTP/")) return accept_status_line(line);
  if (line.starts_with('\r') || line.starts_with('\n')) return accept_end_of_header();
  return abort_reason::none;
}

/// Starts the next response. libcurl 8.14 accepts "HTTP/1.1 2000" as status 200. A 101 ends the exchange: no
/// request asks for another protocol.
http_client::abort_reason http_client::accept_status_line(std::string_view line) {
  if (!is_status_line(line)) return abort_reason::status_line;
  begin_header();
  closes_connection_ = line.starts_with("HTTP/1.0");
  return status_of(handle_.get()) == 101 ? abort_reason::protocol : abort_reason::none;
}

/// Interprets the field that has just ended. Those of 1xx responses are ignored.
///
/// libcurl reads each line alone. It misses a body's length, or its coding, on a line that continues a field,
/// and uses the wrong part of the body, or the body before it is decoded.
http_client::abort_reason http_client::accept_field() {
  CURL* const easy = handle_.get();
  if (field_.name() == field_name::other || status_of(easy) < 200) return abort_reason::none;
  const std::string_view value = field_.value();
  switch (field_.name()) {
    case field_name::connection:
      closes_connection_ = closes_connection_ || list_contains(value, "close");
      break;
    case field_name::content_encoding:
      if (is_identity_coding(value)) break;
      if (!limits_.accept_compressed || field_.is_ambiguous() || !is_known_content_coding(value))
        has_unrequested_coding_ = true;
      break;
    case field_name::content_length:
      return field_.is_ambiguous() ? abort_reason::invalid_length : accept_length(value);
    case field_name::location:
      return accept_location(value);
    case field_name::retry_after:
      retry_after_ = std::max(retry_after_, parse_retry_after(value));
      break;
    case field_name::set_cookie:
      if (!has_left_origin()) cookies_.store(value, info<const char*>(easy, CURLINFO_EFFECTIVE_URL));
      break;
    case field_name::transfer_encoding:
      if (field_.is_ambiguous() || !is_known_transfer_coding(value)) return abort_reason::coding;
      is_chunked_ = true;
      if (content_length_ >= 0) return abort_reason::length_with_chunks;
      break;
    case field_name::other:
      break;
  }
  return abort_reason::none;
}

/// Rejects contradictory lengths (RFC 9112, 6.3 and 11.2). libcurl uses the last of two Content-Lengths, the
/// 5 of "5, 9", and neither of them for a chunked body. An intermediary that reads them differently would cut
/// the page short, or leave bytes that the next request reads as its response.
http_client::abort_reason http_client::accept_length(std::string_view value) {
  std::int64_t bytes = -1;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bytes);
  if (error != std::errc{} || end != value.data() + value.size() || bytes < 0)
    return abort_reason::invalid_length;
  if (content_length_ >= 0 && bytes != content_length_) return abort_reason::conflicting_lengths;
  content_length_ = bytes;
  return is_chunked_ ? abort_reason::length_with_chunks : abort_reason::none;
}

/// Notes where a response redirects to. Two different Locations have no defined meaning. An empty one counts
/// as none, as in curl and browsers.
http_client::abort_reason http_client::accept_location(std::string_view location) {
  if (location.empty() || !is_redirect(status_of(handle_.get()))) return abort_reason::none;
  if (!redirects_) redirects_ = std::make_unique<redirects>();
  if (redirects_->location && *redirects_->location != location) return abort_reason::different_redirects;
  redirects_->location.emplace(location);
  return abort_reason::none;
}

/// Decides how the response is used.
///
/// A 408 with which the server closes a kept connection may have been sent before it had received the request
/// (RFC 9110, 15.5.9). The request is then sent again, on a new connection.
///
/// The body of a redirect is read for the sake of the connection, unless it is long or lasts until the
/// connection closes: a new connection costs less then.
http_client::abort_reason http_client::accept_end_of_header() {
  CURL* const easy = handle_.get();
  const int status = status_of(easy);
  is_in_trailers_ = status >= 200;
  if (status == 408 && closes_connection_ && is_on_kept_connection_) return abort_reason::connection;
  // The status of a failure says whether it may pass, so that only its body is lost.
  if (has_unrequested_coding_ && status < 300) return abort_reason::coding;
  if (!redirects_ || !redirects_->location) {
    // libcurl reads it when the transfer ends.
    if (request_opens_connection_ || request_closes_connection_)
      set_option(easy, CURLOPT_FORBID_REUSE, request_closes_connection_ || status != 200 ? 1L : 0L);
    return abort_reason::none;
  }
  if (redirects_->followed == limits_.max_redirects) return abort_reason::too_many_redirects;
  auto url = redirect_target(info<const char*>(easy, CURLINFO_EFFECTIVE_URL), *redirects_->location);
  if (!url) return abort_reason::redirect_target;
  redirects_->next_url = *std::move(url);
  redirects_->status = status;
  const bool is_worth_reading =
      is_chunked_ || (content_length_ >= 0 && content_length_ <= max_discarded_bytes);
  return is_worth_reading ? abort_reason::none : abort_reason::redirect_body;
}

/// Enforces the size limit here, because CURLOPT_MAXFILESIZE ignores bodies without a Content-Length.
http_client::abort_reason http_client::accept_body(std::string_view chunk) {
  body_bytes_ += chunk.size();
  if (body_bytes_ > limits_.max_body_bytes && !is_redirected()) return abort_reason::body_too_large;
  ++chunks_;
  if (is_too_slow()) return abort_reason::too_slow;
  if (is_redirected())
    return std::cmp_greater(body_bytes_, max_discarded_bytes) ? abort_reason::redirect_body
                                                              : abort_reason::none;
  if (on_body_ && !has_unrequested_coding_) on_body_(chunk);
  return abort_reason::none;
}

/// Checks the rate at every eighth chunk: slow bodies arrive in many chunks, usual pages in few.
bool http_client::is_too_slow() const {
  constexpr std::uint32_t chunks_per_check = 8;
  if (chunks_ % chunks_per_check != 0) return false;
  // libcurl has just read its clock: this costs no system call.
  CURL* const easy = handle_.get();
  const std::chrono::microseconds elapsed{info<curl_off_t>(easy, CURLINFO_TOTAL_TIME_T) -
                                          info<curl_off_t>(easy, CURLINFO_STARTTRANSFER_TIME_T)};
  if (elapsed <= limits_.min_rate_grace) return false;
  const double seconds = std::chrono::duration<double>{elapsed}.count();
  return static_cast<double>(body_bytes_) < static_cast<double>(limits_.min_bytes_per_second) * seconds;
}

/// Opens a socket as libcurl does, and keeps the errno of a failure, which libcurl does not report.
curl_socket_t http_client::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& client = *static_cast<http_client*>(self);
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) client.socket_errno_ = errno;
  client.opened_socket_ = socket;
  return socket < 0 ? CURL_SOCKET_BAD : socket;
}

/// Checks the connection that libcurl has chosen, just before the request is sent.
///
/// A kept connection may hold bytes that belong to no request: data beyond a Content-Length, or an extra
/// response. libcurl 7.88 would read them as the response, and one day would get another day's fares. Such a
/// connection is given up. So is one that the server has closed: libcurl counts its own retries over the life
/// of a handle, and fails every sixth request that needs one ("tried 5 times before giving up").
///
/// If a kept connection proves dead only after this check, libcurl sends the request again on a new one, as
/// FRESH_CONNECT demands. That becomes a transfer of its own, whose error does not depend on the first
/// connection.
int http_client::on_request(void* self, char*, char*, int peer_port, int local_port) {
  auto& client = *static_cast<http_client*>(self);
  if (std::exchange(client.has_sent_request_, true)) {
    client.abort_reason_ = abort_reason::connection;
    return CURL_PREREQFUNC_ABORT;
  }
  client.is_on_kept_connection_ = client.opened_socket_ < 0;
  client.earlier_errno_ = static_cast<int>(info<long>(client.handle_.get(), CURLINFO_OS_ERRNO));
  // Setting a number cannot fail.
  curl_easy_setopt(client.handle_.get(), CURLOPT_FRESH_CONNECT, 1L);
  kept_sockets& sockets = client.shared_.sockets();
  if (const int opened = std::exchange(client.opened_socket_, -1); opened >= 0) {
    sockets.remember(local_port, opened);
  } else if (const int kept = sockets.find(local_port); kept >= 0) {
    if (!has_unexpected_data(kept, local_port, peer_port)) return CURL_PREREQFUNC_OK;
    client.abort_reason_ = abort_reason::connection;
    return CURL_PREREQFUNC_ABORT;
  }
  return CURL_PREREQFUNC_OK;
}

fetch_error http_client::abort_error() const {
  using enum fetch_error_kind;
  switch (abort_reason_) {
    case abort_reason::url:
      return {invalid_url, "no http or https URL with a valid host and port, or one with blanks"};
    case abort_reason::header:
      return {invalid_header, "a field is no \"Name: value\" or has control characters"};
    case abort_reason::headers_too_large:
      return {header_too_large,
              fmt::format("headers exceed max_header_bytes ({} bytes)", limits_.max_header_bytes)};
    case abort_reason::body_too_large:
      return {body_too_large, fmt::format("body exceeds max_body_bytes ({} bytes)", limits_.max_body_bytes)};
    case abort_reason::too_slow:
      return {deadline_exceeded,
              fmt::format("body slower than min_bytes_per_second ({} bytes/s), {} bytes received",
                          limits_.min_bytes_per_second, body_bytes_)};
    case abort_reason::status_line:
      return {bad_response, "invalid status line"};
    case abort_reason::coding:
      return unrequested_coding(field_);
    case abort_reason::protocol:
      return {unsupported_response, "status 101, although no other protocol was requested"};
    case abort_reason::invalid_length:
      return {bad_response, "invalid Content-Length"};
    case abort_reason::conflicting_lengths:
      return {bad_response, "two different Content-Lengths"};
    case abort_reason::length_with_chunks:
      return {bad_response, "both Content-Length and Transfer-Encoding"};
    case abort_reason::redirect_target:
      return {redirect_refused, "Location is no http or https URL, or has a user name"};
    case abort_reason::different_redirects:
      return {redirect_refused, "two different Locations"};
    case abort_reason::too_many_redirects:
      return {redirect_refused, fmt::format("more than max_redirects ({}) redirects", limits_.max_redirects)};
    case abort_reason::exception:
    case abort_reason::redirect_body:
    case abort_reason::connection:
    case abort_reason::none:
      break;
  }
  return {out_of_resources, "out of memory for the response"};
}

/// Returns the errno of this request's failed system call, or 0 if there was none. An attempt to connect may
/// have left one before.
int http_client::own_errno() const {
  const auto os_error = static_cast<int>(info<long>(handle_.get(), CURLINFO_OS_ERRNO));
  return os_error == earlier_errno_ ? 0 : os_error;
}

/// Returns libcurl's text if the exchange had an https URL, otherwise an empty one.
std::string_view http_client::tls_text() const { return tls_text_ ? tls_text_->data() : std::string_view{}; }

/// Distinguishes the causes of CURLE_RECV_ERROR. Without TLS, a lost connection alone has an errno.
fetch_error http_client::receive_error() const {
  using enum fetch_error_kind;
  if (const int os_error = own_errno(); os_error != 0) {
    return {connection_lost,
            fmt::format("{}, {} bytes of body received", text_of("receive", os_error), body_bytes_)};
  }
  const auto text = tls_text();
  if (!text.empty() && !text.contains("chunk") && !text.starts_with("Too large"))
    return {connection_lost, std::string{text}};
  // More than 300 KiB.
  if (!is_in_trailers_ || !is_chunked_) return {header_too_large, libcurl_header_limit};
  // Before 8.6.0, libcurl does not report which.
  if (libcurl_version() < CURL_VERSION_BITS(8, 6, 0))
    return {bad_response, "invalid chunk, or trailer longer than 4 KiB"};
  return {bad_response, "invalid chunk"};
}

fetch_error http_client::error_of(CURLcode code) const {
  using enum fetch_error_kind;
  CURL* const easy = handle_.get();
  if (abort_reason_ != abort_reason::none) return abort_error();
  if (is_out_of_resources(socket_errno_)) return {out_of_resources, text_of("socket", socket_errno_)};

  const std::string_view url = info<const char*>(easy, CURLINFO_EFFECTIVE_URL);
  const auto text = [&] { return std::string{tls_text().empty() ? curl_easy_strerror(code) : tls_text()}; };
  switch (code) {
    case CURLE_COULDNT_CONNECT: {
      const auto os_error = static_cast<int>(info<long>(easy, CURLINFO_OS_ERRNO));
      return {is_out_of_resources(os_error) ? out_of_resources : connect_failed,
              text_of(fmt::format("connect to {}", server_of(url)), os_error)};
    }
    case CURLE_COULDNT_RESOLVE_HOST:
      return {connect_failed, fmt::format("no address for {}", server_of(url))};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
      return {connect_failed, fmt::format("TLS with {}: {}", server_of(url), text())};
    case CURLE_OPERATION_TIMEDOUT:
      // PRETRANSFER is set on kept connections as well, unlike CONNECT.
      if (info<curl_off_t>(easy, CURLINFO_PRETRANSFER_TIME_T) == 0 &&
          (used_ms_ == 0 || timeout_ms_ > limits_.connect_timeout.count())) {
        return {connect_timeout,
                fmt::format("no connection to {} within {} ms", server_of(url),
                            std::min<std::int64_t>(limits_.connect_timeout.count(), timeout_ms_))};
      }
      return {deadline_exceeded, fmt::format("no complete response within {} ms, {} bytes of body received",
                                             used_ms_ + timeout_ms_, body_bytes_)};
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      if (is_out_of_resources(own_errno())) {
        return {out_of_resources, text_of(code == CURLE_RECV_ERROR ? "receive" : "send", own_errno())};
      }
      if (code == CURLE_RECV_ERROR) return receive_error();
      return {connection_lost, text_of("send", own_errno())};
    case CURLE_BAD_CONTENT_ENCODING:
      // libcurl refuses a coding before it has passed on the field's line, and a body after the header.
      return {is_in_trailers_ ? bad_response : unsupported_response, text()};
    case CURLE_GOT_NOTHING:
      return {connection_lost, "connection closed before a response"};
    case CURLE_PARTIAL_FILE:
      return {connection_lost,
              fmt::format("connection closed within the response, {} bytes of body received", body_bytes_)};
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return {bad_response,
              info<long>(easy, CURLINFO_RESPONSE_CODE) == 0 ? "invalid status line" : "invalid header"};
    case CURLE_OUT_OF_MEMORY:
      // Before 8.6.0, libcurl returns this code also for a header line longer than its limit of 100 KiB.
      if (libcurl_version() < CURL_VERSION_BITS(8, 6, 0) && body_bytes_ == 0 &&
          info<curl_off_t>(easy, CURLINFO_STARTTRANSFER_TIME_T) > 0) {
        return {header_too_large, libcurl_header_limit};
      }
      return {out_of_resources, "out of memory"};
    case curle_too_large:
      return {header_too_large, libcurl_header_limit};
    case CURLE_ABORTED_BY_CALLBACK:
      if (!stop_.stop_requested()) return {out_of_resources, "out of memory for a new connection"};
      return {cancelled, "a stop was requested"};
    case CURLE_FAILED_INIT:
      return {out_of_resources, text()};
    case CURLE_URL_MALFORMAT:
      if (redirects_ && redirects_->followed > 0) return {redirect_refused, text()};
      return {invalid_url, text()};
    default:
      return {bad_response, text()};
  }
}

}  // namespace farebench
