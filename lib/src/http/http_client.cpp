#include "http/http_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include "http/libcurl.hpp"
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

/// Retry-After header as a delay from now, given in seconds or as a date. Zero without that header.
fetch_error::retry_after_seconds retry_after(CURL* handle) {
  using seconds = fetch_error::retry_after_seconds;
  const auto delay = info<curl_off_t>(handle, CURLINFO_RETRY_AFTER);
  return seconds{
      static_cast<seconds::rep>(std::clamp<curl_off_t>(delay, 0, std::numeric_limits<seconds::rep>::max()))};
}

bool is_out_of_resources(long os_error) {
  return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS || os_error == ENOMEM ||
         os_error == EADDRNOTAVAIL;
}

/// Detail of header_too_large if libcurl ended the transfer; see fetch_limits::max_header_bytes.
constexpr const char* libcurl_header_limit = "headers exceed a limit of libcurl";

/// Maximum size of a redirect's body that is read and discarded, so that the connection can be reused.
constexpr std::int64_t max_discarded_bytes = 64 * 1024;

/// CURLINFO_OS_ERRNO is meaningful for these codes only: a handle keeps its last errno for ever.
bool is_system_call_error(CURLcode code) {
  return code == CURLE_COULDNT_CONNECT || code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR;
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
  while (needs_transfer(code)) {
    shared_.take_error_text();
    code = curl_easy_perform(handle_.get());
  }
  return finish(code, shared_.take_error_text());
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
  begin_transfer();
  CURL* const easy = handle_.get();
  // libcurl copies the URL and the cookies, but neither the header list nor the form.
  set_option(easy, CURLOPT_URL, request.url.c_str());
  set_cookies(request.url);
  // The first exchange opens a connection even if another client of the loop has left an idle one.
  set_option(easy, CURLOPT_FRESH_CONNECT, has_connection_ ? 0L : 1L);
  has_connection_ = true;
  auto timeout = limits_.exchange_deadline;
  if (request.timeout > request.timeout.zero()) timeout = std::min(timeout, request.timeout);
  set_timeout(timeout.count());
  set_header(request.header);
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
  content_length_ = -1;
  socket_errno_ = 0;
  // The socket of a connection attempt that failed is still noted here.
  opened_socket_ = -1;
  chunks_ = 0;
  is_chunked_ = false;
  is_in_trailers_ = false;
}

bool http_client::needs_transfer(CURLcode code) noexcept {
  if (abort_reason_ == abort_reason::connection) {
    abort_reason_ = abort_reason::none;
    return true;
  }
  // The body of a redirect is discarded, even if it cannot be decoded.
  const bool has_ended =
      code == CURLE_OK || code == CURLE_BAD_CONTENT_ENCODING || abort_reason_ == abort_reason::redirect_body;
  if (!is_redirected() || !has_ended) return false;
  try {
    follow_redirect();
    abort_reason_ = abort_reason::none;
    return true;
  } catch (...) {
    // finish returns out_of_resources: only memory can be lacking.
    abort_reason_ = abort_reason::exception;
    return false;
  }
}

/// Sets the handle up for the redirect's target. The cookies and the additional header are for the request's
/// origin only.
void http_client::follow_redirect() {
  CURL* const easy = handle_.get();
  redirects& state = *redirects_;
  const std::string url = std::exchange(state.next_url, {});
  if (state.followed++ == 0) state.first_url = info<const char*>(easy, CURLINFO_EFFECTIVE_URL);
  state.has_left_origin = !same_origin(state.first_url, url);

  const std::chrono::microseconds elapsed{info<curl_off_t>(easy, CURLINFO_TOTAL_TIME_T)};
  const std::int64_t elapsed_ms = std::chrono::ceil<std::chrono::milliseconds>(elapsed).count();
  const std::int64_t left_ms = std::max<std::int64_t>(timeout_ms_ - elapsed_ms, 1);
  state.used_ms += timeout_ms_ - left_ms;
  set_timeout(left_ms);

  begin_transfer();
  set_option(easy, CURLOPT_URL, url.c_str());
  set_cookies(url);
  set_option(easy, CURLOPT_HTTPHEADER, state.has_left_origin ? nullptr : header_.get());
  set_option(easy, CURLOPT_FRESH_CONNECT, 0L);
  if (!keeps_method(state.status)) set_option(easy, CURLOPT_HTTPGET, 1L);
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

void http_client::set_header(const std::string& line) {
  if (line.empty() && !header_) return;
  std::unique_ptr<curl_slist, list_cleanup> list{line.empty() ? nullptr
                                                              : curl_slist_append(nullptr, line.c_str())};
  if (!line.empty() && !list) throw std::bad_alloc{};
  set_option(handle_.get(), CURLOPT_HTTPHEADER, list.get());
  header_ = std::move(list);
}

exchange_result http_client::finish(CURLcode code, const std::string& error_text) {
  try {
    if (callback_error_) std::rethrow_exception(std::exchange(callback_error_, nullptr));
    if (code == CURLE_OK && abort_reason_ == abort_reason::none) return take_response();
    auto error = error_of(code, error_text);
    // Since 8.8.0, each transfer starts without an errno.
    if (libcurl_version() < CURL_VERSION_BITS(8, 8, 0))
      last_os_errno_ = static_cast<int>(info<long>(handle_.get(), CURLINFO_OS_ERRNO));
    return std::unexpected(std::move(error));
  } catch (const std::bad_alloc&) {
    // The text fits into the string itself, so that this allocates nothing.
    return std::unexpected(fetch_error{fetch_error_kind::out_of_resources, "out of memory"});
  }
}

exchange_response http_client::take_response() {
  exchange_response response{
      static_cast<int>(info<long>(handle_.get(), CURLINFO_RESPONSE_CODE)), {}, std::move(cookies_)};
  if (response.status != 200) response.retry_after = retry_after(handle_.get());
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
  if (is_in_trailers_ && !line.starts_with("HTTP/")) return abort_reason::none;
  switch (line.empty() ? '\0' : line.front()) {
    case 'H':
      // A status line starts the next response.
      if (line.starts_with("HTTP/")) {
        content_length_ = -1;
        is_chunked_ = false;
        is_in_trailers_ = false;
        if (redirects_) redirects_->location.reset();
      }
      break;
    case '\r':
    case '\n':
      return accept_end_of_header();
    case 'T':
    case 't':
      if (header_value(line, "transfer-encoding")) {
        is_chunked_ = true;
        if (content_length_ >= 0) return abort_reason::length_with_chunks;
      }
      break;
    case 'S':
    case 's':
      if (const auto cookie = header_value(line, "set-cookie"); cookie && !has_left_origin()) {
        cookies_.store(*cookie, info<const char*>(handle_.get(), CURLINFO_EFFECTIVE_URL));
      }
      break;
    case 'C':
    case 'c':
      if (const auto length = header_value(line, "content-length")) {
        return accept_length(*length);
      } else if (const auto encoding = header_value(line, "content-encoding")) {
        if (!limits_.accept_compressed && !equals_ignoring_case(*encoding, "identity"))
          return abort_reason::encoding;
      }
      break;
    case 'L':
    case 'l':
      if (const auto location = header_value(line, "location")) return accept_location(*location);
      break;
    default:
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
  const auto status = static_cast<int>(info<long>(handle_.get(), CURLINFO_RESPONSE_CODE));
  if (location.empty() || !is_redirect(status)) return abort_reason::none;
  if (!redirects_) redirects_ = std::make_unique<redirects>();
  if (redirects_->location && *redirects_->location != location) return abort_reason::different_redirects;
  redirects_->location.emplace(location);
  return abort_reason::none;
}

/// Decides whether a redirect is followed. Its body is read for the sake of the connection, unless it is long
/// or lasts until the connection closes: a new connection costs less then.
http_client::abort_reason http_client::accept_end_of_header() {
  CURL* const easy = handle_.get();
  const auto status = static_cast<int>(info<long>(easy, CURLINFO_RESPONSE_CODE));
  is_in_trailers_ = status >= 200;
  if (!redirects_ || !redirects_->location) return abort_reason::none;
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
  if (on_body_) on_body_(chunk);
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
/// If a kept connection proves dead only after this check, libcurl retries. On a loop it would try up to five
/// kept connections, each possibly dead. FRESH_CONNECT makes it retry once, on a new connection.
int http_client::on_request(void* self, char*, char*, int peer_port, int local_port) {
  auto& client = *static_cast<http_client*>(self);
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
    case abort_reason::headers_too_large:
      return {header_too_large,
              fmt::format("headers exceed max_header_bytes ({} bytes)", limits_.max_header_bytes)};
    case abort_reason::body_too_large:
      return {body_too_large, fmt::format("body exceeds max_body_bytes ({} bytes)", limits_.max_body_bytes)};
    case abort_reason::too_slow:
      return {deadline_exceeded,
              fmt::format("body slower than min_bytes_per_second ({} bytes/s), {} bytes received",
                          limits_.min_bytes_per_second, body_bytes_)};
    case abort_reason::encoding:
      return {bad_response, "Content-Encoding, although accept_compressed is off"};
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

/// Distinguishes two causes of CURLE_RECV_ERROR, an invalid chunk and a lost connection, by the error text.
/// If several transfers failed at once and the text is missing, a new errno means a lost connection.
bool http_client::is_chunk_error(const std::string& error_text) const {
  // 7.88: "… in chunked-encoding". Since 8.6.0 also "chunk hex-length …" and "invalid chunk size …".
  if (!error_text.empty()) return error_text.contains("chunk");
  return is_chunked_ && info<long>(handle_.get(), CURLINFO_OS_ERRNO) == last_os_errno_;
}

fetch_error http_client::error_of(CURLcode code, const std::string& error_text) const {
  using enum fetch_error_kind;
  CURL* const easy = handle_.get();
  const std::string text = error_text.empty() ? curl_easy_strerror(code) : error_text;

  if (abort_reason_ != abort_reason::none) return abort_error();
  if (is_out_of_resources(socket_errno_)) {
    return {out_of_resources, fmt::format("socket: {}", std::generic_category().message(socket_errno_))};
  }
  if (is_system_call_error(code) && is_out_of_resources(info<long>(easy, CURLINFO_OS_ERRNO))) {
    return {out_of_resources, text};
  }

  const auto used_ms = redirects_ ? redirects_->used_ms : 0;
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_INTERFACE_FAILED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
      return {connect_failed, text};
    case CURLE_OPERATION_TIMEDOUT:
      // PRETRANSFER is set on kept connections as well, unlike CONNECT.
      if (info<curl_off_t>(easy, CURLINFO_PRETRANSFER_TIME_T) == 0 &&
          (used_ms == 0 || timeout_ms_ > limits_.connect_timeout.count())) {
        return {connect_timeout,
                fmt::format("no connection within {} ms",
                            std::min<std::int64_t>(limits_.connect_timeout.count(), timeout_ms_))};
      }
      return {deadline_exceeded, fmt::format("no complete response within {} ms, {} bytes of body received",
                                             used_ms + timeout_ms_, body_bytes_)};
    case CURLE_RECV_ERROR:
      // More than 300 KiB, and before 8.6.0 also a trailer longer than 4 KiB.
      if (error_text.starts_with("Too large") || error_text.starts_with("Out of memory in chunked"))
        return {header_too_large, libcurl_header_limit};
      if (is_chunk_error(error_text)) return {bad_response, "invalid chunk"};
      return {connection_lost, text};
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
      return {connection_lost, text};
    case CURLE_OUT_OF_MEMORY:
      // Before 8.6.0, libcurl returns this code also for a header line longer than its limit of 100 KiB.
      if (libcurl_version() < CURL_VERSION_BITS(8, 6, 0) && body_bytes_ == 0 &&
          info<curl_off_t>(easy, CURLINFO_STARTTRANSFER_TIME_T) > 0) {
        return {header_too_large, libcurl_header_limit};
      }
      return {out_of_resources, text};
    case curle_too_large:
      return {header_too_large, libcurl_header_limit};
    case CURLE_ABORTED_BY_CALLBACK:
      if (!stop_.stop_requested()) return {out_of_resources, "out of memory for a new connection"};
      return {cancelled, "a stop was requested"};
    case CURLE_FAILED_INIT:
      return {out_of_resources, text};
    case CURLE_URL_MALFORMAT:
      if (redirects_ && redirects_->followed > 0) return {redirect_refused, text};
      return {bad_response, text};
    default:
      return {bad_response, text};
  }
}

}  // namespace farebench
