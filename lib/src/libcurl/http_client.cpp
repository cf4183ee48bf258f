#include "libcurl/http_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include "http/exchange_errors.hpp"
#include "http/request_method.hpp"
#include "http/text.hpp"
#include "libcurl/options.hpp"

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

/// Detail of header_too_large if libcurl ended the transfer; see fetch_limits::max_header_bytes.
constexpr const char* libcurl_header_limit = "headers exceed a limit of libcurl";

/// Returns the first of the fields that describe the body, which are the last ones.
curl_slist* first_content_field(curl_slist* list) {
  while (list != nullptr && !describes_body(list->data)) list = list->next;
  return list;
}

/// Before 8.8.0, libcurl never clears the errno of a handle.
bool keeps_errno() { return libcurl_version() < CURL_VERSION_BITS(8, 8, 0); }

}  // namespace

http_client::http_client(const fetch_limits& limits, shared_http& shared)
    : shared_{shared}, timeout_ms_{limits.exchange_deadline.count()}, handle_{curl_easy_init()} {
  if (!handle_) throw std::system_error{std::make_error_code(std::errc::not_enough_memory), "curl_easy_init"};
  reader_.begin(shared.intern(limits), cookies_, on_body_, {});
  CURL* const easy = handle_.get();
  set_common_options(easy, limits);
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
  abort_reason_ = check_request(request);
  on_body_ = std::move(request.on_body);
  cookies_ = std::move(request.cookies);
  reader_.begin(reader_.limits(), cookies_, on_body_, traits_of(request));
  if (request.collects_header || request.collects_body)
    reader_.collect(request.collects_header, request.collects_body, request.url);
  used_ms_ = 0;
  begin_transfer();
  if (std::exchange(has_failed_, false)) replace_handle_with_errno();
  CURL* const easy = handle_.get();
  // libcurl copies the URL, the method and the cookies, but neither the header list nor the body.
  if (abort_reason_ == abort_reason::none) {
    set_headers(request);
    set_method(request);
    set_url(request.url);
  } else {
    // libcurl ends a transfer without a URL.
    set_option(easy, CURLOPT_URL, nullptr);
  }
  set_cookies(request.url);
  // The first exchange opens a connection even if another client of the loop has left an idle one.
  set_option(easy, CURLOPT_FRESH_CONNECT, request.opens_connection || !has_connection_ ? 1L : 0L);
  set_option(easy, CURLOPT_FORBID_REUSE, 0L);
  has_connection_ = true;
  auto timeout = reader_.limits().exchange_deadline;
  if (request.timeout > request.timeout.zero()) timeout = std::min(timeout, request.timeout);
  set_timeout(timeout.count());
}

/// Sets the method and moves the body out of the request. Resets those of the previous request.
void http_client::set_method(exchange_request& request) {
  CURL* const easy = handle_.get();
  const auto method = request.method();
  if (reader_.sends_content()) {
    body_ = request.take_body();
    // Resets CURLOPT_NOBODY.
    set_option(easy, CURLOPT_POST, 1L);
    set_option(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
    set_option(easy, CURLOPT_POSTFIELDS, body_.c_str());
  } else {
    // Resets CURLOPT_NOBODY and CURLOPT_POST.
    set_option(easy, CURLOPT_HTTPGET, 1L);
    if (method == "HEAD") set_option(easy, CURLOPT_NOBODY, 1L);
  }
  const bool is_default = method == (reader_.sends_content() ? "POST" : "GET") || method == "HEAD";
  set_option(easy, CURLOPT_CUSTOMREQUEST, is_default ? nullptr : std::string{method}.c_str());
}

/// Resets what belongs to a single transfer.
void http_client::begin_transfer() {
  socket_errno_ = 0;
  // The socket of a connection attempt that failed is still noted here.
  opened_socket_ = -1;
  earlier_errno_ = 0;
  has_sent_request_ = false;
}

bool http_client::needs_transfer(CURLcode code) noexcept {
  if (reader_.is_cancelled()) return false;
  const bool is_sent_again = abort_reason_ == abort_reason::connection;
  // The body of a redirect is discarded, even if it cannot be decoded.
  const bool has_ended =
      code == CURLE_OK || code == CURLE_BAD_CONTENT_ENCODING || abort_reason_ == abort_reason::redirect_body;
  if (!is_sent_again && (!reader_.is_redirected() || !has_ended)) return false;
  try {
    deduct_elapsed_time();
    begin_transfer();
    if (is_sent_again) {
      reader_.discard_response();
      // libcurl counts the requests that it sends again over the life of a handle, and gives up at the sixth.
      replace_handle();
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
/// origin only, except for the fields that describe the body.
void http_client::follow_redirect() {
  CURL* const easy = handle_.get();
  const bool sent_content = reader_.sends_content();
  const auto [url, keeps_method] = reader_.follow_redirect();
  if (sent_content && !keeps_method) drop_content_fields();
  curl_slist* const elsewhere = reader_.sends_content() ? first_content_field(header_.get()) : nullptr;
  set_option(easy, CURLOPT_HTTPHEADER, reader_.has_left_origin() ? elsewhere : header_.get());
  if (!keeps_method) {
    set_option(easy, CURLOPT_HTTPGET, 1L);
    set_option(easy, CURLOPT_CUSTOMREQUEST, nullptr);
  }
  set_url(url);
  set_cookies(url);
  set_option(easy, CURLOPT_FRESH_CONNECT, 0L);
}

/// Removes the fields of a body that is no longer sent. The caller sets the option for the list, which may
/// have been freed.
void http_client::drop_content_fields() {
  curl_slist* const dropped = first_content_field(header_.get());
  if (dropped == nullptr) return;
  if (dropped == header_.get()) return header_.reset();
  curl_slist* last = header_.get();
  while (last->next != dropped) last = last->next;
  last->next = nullptr;
  curl_slist_free_all(dropped);
}

/// Replaces the handle by a new one with the same options. Closes its kept connection, unless that belongs to
/// a loop.
void http_client::replace_handle() {
  std::unique_ptr<CURL, easy_cleanup> copy{curl_easy_duphandle(handle_.get())};
  if (!copy) throw std::bad_alloc{};
  shared_.configure(copy.get());
  handle_ = std::move(copy);
}

/// Replaces a handle that has an errno, from which that of the next failure could not be told apart.
void http_client::replace_handle_with_errno() {
  if (keeps_errno() && info<long>(handle_.get(), CURLINFO_OS_ERRNO) != 0) replace_handle();
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
  const std::string header = reader_.has_left_origin() ? std::string{} : cookies_.header_for(url);
  set_option(handle_.get(), CURLOPT_COOKIE, header.empty() ? nullptr : header.c_str());
}

void http_client::set_timeout(std::int64_t timeout_ms) {
  if (timeout_ms == timeout_ms_) return;
  set_option(handle_.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  timeout_ms_ = timeout_ms;
}

/// Sets the additional fields and those of the body.
void http_client::set_headers(const exchange_request& request) {
  const auto& lines = request.headers;
  const bool has_custom_type = reader_.sends_content() && (!request.is_form() || !request.has_body());
  if (lines.empty() && !header_ && !has_custom_type) return;
  std::unique_ptr<curl_slist, list_cleanup> list;
  const auto append = [&list](const std::string& line) {
    curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
    if (!longer) throw std::bad_alloc{};
    static_cast<void>(list.release());
    list.reset(longer);
  };
  const auto append_field = [&append](const std::string& line) {
    // libcurl sends an empty field if a semicolon follows its name, and none if a colon does.
    const auto name = text_before(line, ":");
    append(trim(line).size() == name.size() + 1 ? std::string{name} + ';' : line);
  };
  const auto goes_with_body = [this](const std::string& line) {
    return reader_.sends_content() && describes_body(line);
  };
  for (const std::string& line : lines)
    if (!goes_with_body(line)) append_field(line);
  for (const std::string& line : lines)
    if (goes_with_body(line)) append_field(line);
  // Without a value, libcurl leaves out the type that it would send by default.
  if (has_custom_type && !has_field(lines, "Content-Type"))
    append(concatenated("Content-Type: ", request.content_type()));
  set_option(handle_.get(), CURLOPT_HTTPHEADER, list.get());
  header_ = std::move(list);
}

exchange_result http_client::finish(CURLcode code, int watch_errno) {
  has_failed_ = code != CURLE_OK;
  try {
    if (callback_error_) std::rethrow_exception(std::exchange(callback_error_, nullptr));
    if (reader_.is_cancelled()) return std::unexpected(exchange_cancelled_error());
    // libcurl regards a header as complete if the connection is closed within it.
    const bool is_complete = code == CURLE_OK && reader_.is_header_complete();
    if (is_complete && abort_reason_ == abort_reason::none) return reader_.take_response();
    if (watch_errno != 0)
      return std::unexpected(call_error("epoll_ctl", watch_errno, fetch_error_kind::out_of_resources));
    return std::unexpected(error_of(code));
  } catch (const std::bad_alloc&) {
    // The text fits into the string itself, so that this allocates nothing.
    return std::unexpected(fetch_error{fetch_error_kind::out_of_resources, "out of memory"});
  }
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

abort_reason http_client::accept_header(std::string_view line) {
  const auto reason = reader_.accept_header(line);
  // libcurl reads it when the transfer ends.
  if (reason == abort_reason::none && reader_.forbids_reuse())
    set_option(handle_.get(), CURLOPT_FORBID_REUSE, 1L);
  return reason;
}

abort_reason http_client::accept_body(std::string_view chunk) {
  return reader_.accept_body(chunk, [this] { return elapsed_since_first_byte(); });
}

/// Costs no system call: libcurl has just read its clock.
std::chrono::microseconds http_client::elapsed_since_first_byte() const {
  CURL* const easy = handle_.get();
  return std::chrono::microseconds{info<curl_off_t>(easy, CURLINFO_TOTAL_TIME_T) -
                                   info<curl_off_t>(easy, CURLINFO_STARTTRANSFER_TIME_T)};
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
/// connection, or is prevented if the request must not be sent again.
int http_client::on_request(void* self, char*, char*, int peer_port, int local_port) {
  auto& client = *static_cast<http_client*>(self);
  if (std::exchange(client.has_sent_request_, true)) {
    client.abort_reason_ =
        client.reader_.is_repeatable() ? abort_reason::connection : abort_reason::no_response;
    return CURL_PREREQFUNC_ABORT;
  }
  client.reader_.begin_response(info<const char*>(client.handle_.get(), CURLINFO_EFFECTIVE_URL),
                                client.opened_socket_ < 0);
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

/// Returns the errno of this request's failed system call, or 0 if there was none. An attempt to connect may
/// have left one before.
int http_client::own_errno() const {
  const auto os_error = static_cast<int>(info<long>(handle_.get(), CURLINFO_OS_ERRNO));
  return os_error == earlier_errno_ ? 0 : os_error;
}

/// Returns libcurl's text if the exchange had an https URL, otherwise an empty one.
std::string_view http_client::tls_text() const { return tls_text_ ? tls_text_->data() : std::string_view{}; }

/// Distinguishes the causes of CURLE_RECV_ERROR without an errno. Without TLS, a lost connection has one.
fetch_error http_client::unreadable_error() const {
  using enum fetch_error_kind;
  const auto text = tls_text();
  if (!text.empty() && !text.contains("chunk") && !text.starts_with("Too large"))
    return {connection_lost, std::string{text}};
  // More than 300 KiB.
  if (!reader_.is_header_complete() || !reader_.is_chunked()) return {header_too_large, libcurl_header_limit};
  // Before 8.6.0, libcurl does not report which.
  if (libcurl_version() < CURL_VERSION_BITS(8, 6, 0))
    return {bad_response, "invalid chunk, or trailer longer than 4 KiB"};
  return invalid_chunk_error();
}

fetch_error http_client::error_of(CURLcode code) const {
  using enum fetch_error_kind;
  CURL* const easy = handle_.get();
  if (abort_reason_ != abort_reason::none)
    return abort_error(abort_reason_, reader_.limits(), reader_.body_bytes());
  if (is_out_of_resources(socket_errno_)) return call_error("socket", socket_errno_, out_of_resources);

  const std::string_view url = info<const char*>(easy, CURLINFO_EFFECTIVE_URL);
  const auto text = [&] { return std::string{tls_text().empty() ? curl_easy_strerror(code) : tls_text()}; };
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return connect_error(url, static_cast<int>(info<long>(easy, CURLINFO_OS_ERRNO)));
    case CURLE_COULDNT_RESOLVE_HOST:
      return address_error(url);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
      return {connect_failed, fmt::format("TLS with {}: {}", server_of(url), text())};
    case CURLE_OPERATION_TIMEDOUT:
      // PRETRANSFER is set on kept connections as well, unlike CONNECT.
      if (info<curl_off_t>(easy, CURLINFO_PRETRANSFER_TIME_T) == 0 &&
          (used_ms_ == 0 || timeout_ms_ > reader_.limits().connect_timeout.count())) {
        return connect_timeout_error(
            url, std::min(reader_.limits().connect_timeout, std::chrono::milliseconds{timeout_ms_}));
      }
      return deadline_error(std::chrono::milliseconds{used_ms_ + timeout_ms_}, reader_.body_bytes());
    case CURLE_RECV_ERROR:
      if (const int os_error = own_errno(); os_error != 0)
        return receive_error(os_error, reader_.body_bytes());
      return unreadable_error();
    case CURLE_SEND_ERROR:
      return send_error(own_errno());
    case CURLE_BAD_CONTENT_ENCODING:
      // libcurl refuses a coding before it has passed on the field's line, and a body after the header.
      return {reader_.is_header_complete() ? bad_response : unsupported_response, text()};
    case CURLE_GOT_NOTHING:
      return no_response_error();
    case CURLE_OK:
    case CURLE_PARTIAL_FILE:
      return partial_response_error(reader_.body_bytes());
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return info<long>(easy, CURLINFO_RESPONSE_CODE) == 0 ? invalid_status_line_error()
                                                           : invalid_header_error();
    case CURLE_OUT_OF_MEMORY:
      // Before 8.6.0, libcurl returns this code also for a header line longer than its limit of 100 KiB.
      if (libcurl_version() < CURL_VERSION_BITS(8, 6, 0) && reader_.body_bytes() == 0 &&
          info<curl_off_t>(easy, CURLINFO_STARTTRANSFER_TIME_T) > 0) {
        return {header_too_large, libcurl_header_limit};
      }
      return {out_of_resources, "out of memory"};
    case curle_too_large:
      return {header_too_large, libcurl_header_limit};
    case CURLE_ABORTED_BY_CALLBACK:
      if (!stop_.stop_requested()) return {out_of_resources, "out of memory for a new connection"};
      return stop_error();
    case CURLE_FAILED_INIT:
      return {out_of_resources, text()};
    case CURLE_URL_MALFORMAT:
      if (reader_.has_followed_redirect()) return {redirect_refused, text()};
      return {invalid_url, text()};
    default:
      return {bad_response, text()};
  }
}

}  // namespace farebench
