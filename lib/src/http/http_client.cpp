#include "http/http_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "http/libcurl.hpp"

namespace farebench {
namespace {

/// The one place where a handle's options are chosen, so that strategies differ in control flow only.
void set_common_options(CURL* handle, const fetch_limits& limits) {
  // Without it, libcurl sets and restores signal handlers around every call.
  set_option(handle, CURLOPT_NOSIGNAL, 1L);
  set_option(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set_option(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  // An instrument talks to the server that it names, whatever http_proxy says.
  set_option(handle, CURLOPT_PROXY, "");
  set_option(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect_timeout.count()));
  set_option(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.exchange_deadline.count()));
}

template <typename Value>
Value info(CURL* handle, CURLINFO what) {
  Value value{};
  curl_easy_getinfo(handle, what, &value);
  return value;
}

bool is_out_of_resources(long os_error) {
  return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS || os_error == ENOMEM ||
         os_error == EADDRNOTAVAIL;
}

/// libcurl keeps the last errno of a handle for ever: it says something of these verdicts alone.
bool comes_from_system_call(CURLcode verdict) {
  return verdict == CURLE_COULDNT_CONNECT || verdict == CURLE_SEND_ERROR || verdict == CURLE_RECV_ERROR;
}

/// The value of a header line of that name, which is given in small letters.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (line.size() <= name.size() || line[name.size()] != ':') return std::nullopt;
  if (!std::ranges::equal(line.substr(0, name.size()), name, {}, lower)) return std::nullopt;
  line.remove_prefix(name.size() + 1);
  constexpr std::string_view blanks = " \t\r\n";
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  return line.substr(0, line.find_last_not_of(blanks) + 1);
}

}  // namespace

http_client::http_client(const fetch_limits& limits, shared_http& shared)
    : shared_{shared}, limits_{limits}, handle_{curl_easy_init()} {
  if (!handle_) throw std::system_error{std::make_error_code(std::errc::not_enough_memory), "curl_easy_init"};
  CURL* const easy = handle_.get();
  set_common_options(easy, limits_);
  shared.share_with(easy);
  set_option(easy, CURLOPT_HEADERFUNCTION, &http_client::on_header);
  set_option(easy, CURLOPT_HEADERDATA, this);
  set_option(easy, CURLOPT_WRITEFUNCTION, &http_client::on_body);
  set_option(easy, CURLOPT_WRITEDATA, this);
  set_option(easy, CURLOPT_OPENSOCKETFUNCTION, &http_client::on_open_socket);
  set_option(easy, CURLOPT_OPENSOCKETDATA, this);
}

void http_client::prepare(exchange_request request) {
  form_ = std::move(request.form);
  on_body_ = std::move(request.on_body);
  set_cookies_.clear();
  header_bytes_ = 0;
  body_bytes_ = 0;
  socket_errno_ = 0;
  CURL* const easy = handle_.get();
  set_option(easy, CURLOPT_URL, request.url.c_str());  // libcurl copies it, and the cookies
  set_option(easy, CURLOPT_COOKIE, request.cookies.empty() ? nullptr : request.cookies.c_str());
  // Of its own, even where another client on the same loop has put one down; kept, from then on.
  set_option(easy, CURLOPT_FRESH_CONNECT, has_connection_ ? 0L : 1L);
  has_connection_ = true;
  if (form_.empty()) {
    set_option(easy, CURLOPT_HTTPGET, 1L);
  } else {
    set_option(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(form_.size()));
    set_option(easy, CURLOPT_POSTFIELDS, form_.c_str());  // makes it a POST; not copied
  }
}

exchange_result http_client::finish(CURLcode verdict, const std::string& error_text) {
  if (callback_fault_) {
    try {
      std::rethrow_exception(std::exchange(callback_fault_, nullptr));
    } catch (const std::bad_alloc&) {
      return std::unexpected(fetch_error{fetch_error_kind::out_of_resources, "no memory for the answer"});
    }
  }
  if (verdict != CURLE_OK) return std::unexpected(failure(verdict, error_text));
  return exchange_response{static_cast<int>(info<long>(handle_.get(), CURLINFO_RESPONSE_CODE)),
                           std::move(set_cookies_)};
}

void http_client::end_on(const std::stop_token& stop) {
  if (!stop.stop_possible()) return;
  stop_ = stop;
  set_option(handle_.get(), CURLOPT_XFERINFOFUNCTION, &http_client::on_progress);
  set_option(handle_.get(), CURLOPT_XFERINFODATA, this);
  set_option(handle_.get(), CURLOPT_NOPROGRESS, 0L);
}

int http_client::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<http_client*>(self)->stop_.stop_requested() ? 1 : 0;
}

exchange_result http_client::perform(exchange_request request) {
  prepare(std::move(request));
  const CURLcode verdict = curl_easy_perform(handle_.get());
  return finish(verdict, shared_.take_error_text());
}

// The caps live here and not in CURLOPT_MAXFILESIZE, which lets bodies without a Content-Length past.
// A count other than the given one makes libcurl end the transfer with CURLE_WRITE_ERROR.

std::size_t http_client::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& client = *static_cast<http_client*>(self);
  client.header_bytes_ += size * count;
  if (client.header_bytes_ > client.limits_.max_header_bytes) return 0;
  try {
    if (const auto value = value_of({data, size * count}, "set-cookie")) {
      client.set_cookies_.emplace_back(*value);
    }
  } catch (...) {
    client.callback_fault_ = std::current_exception();
    return 0;
  }
  return size * count;
}

std::size_t http_client::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& client = *static_cast<http_client*>(self);
  client.body_bytes_ += size * count;
  if (client.body_bytes_ > client.limits_.max_body_bytes) return 0;
  if (!client.on_body_) return size * count;
  try {
    client.on_body_({data, size * count});
  } catch (...) {
    client.callback_fault_ = std::current_exception();
    return 0;
  }
  return size * count;
}

/// As libcurl does it itself, but for the errno, which it does not tell.
curl_socket_t http_client::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) static_cast<http_client*>(self)->socket_errno_ = errno;
  return socket < 0 ? CURL_SOCKET_BAD : socket;
}

fetch_error http_client::failure(CURLcode verdict, const std::string& error_text) const {
  using enum fetch_error_kind;
  CURL* const easy = handle_.get();
  const std::string text = error_text.empty() ? curl_easy_strerror(verdict) : error_text;

  if (header_bytes_ > limits_.max_header_bytes) {
    return {header_too_large, fmt::format("more than {} bytes of headers", limits_.max_header_bytes)};
  }
  if (body_bytes_ > limits_.max_body_bytes) {
    return {body_too_large, fmt::format("more than {} bytes of body", limits_.max_body_bytes)};
  }
  if (is_out_of_resources(socket_errno_)) {
    return {out_of_resources, fmt::format("no socket: {}", std::generic_category().message(socket_errno_))};
  }
  if (comes_from_system_call(verdict) && is_out_of_resources(info<long>(easy, CURLINFO_OS_ERRNO))) {
    return {out_of_resources, text};
  }

  switch (verdict) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_INTERFACE_FAILED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
      return {connect_failed, text};
    case CURLE_OPERATION_TIMEDOUT:
      // The moment just before the transfer is stamped on kept connections too, unlike the connect's.
      if (info<curl_off_t>(easy, CURLINFO_PRETRANSFER_TIME_T) == 0) {
        return {connect_timeout,
                fmt::format("no connection within {} ms",
                            std::min(limits_.connect_timeout, limits_.exchange_deadline).count())};
      }
      return {deadline_exceeded, fmt::format("not done within {} ms, {} bytes of body received",
                                             limits_.exchange_deadline.count(), body_bytes_)};
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return {connection_lost, text};
    case CURLE_OUT_OF_MEMORY:
      // libcurl also says so of one header line beyond its own limit of 100 KiB.
      if (info<curl_off_t>(easy, CURLINFO_STARTTRANSFER_TIME_T) > 0 && body_bytes_ == 0) {
        return {header_too_large, "a header line beyond what libcurl takes"};
      }
      return {out_of_resources, text};
    case CURLE_ABORTED_BY_CALLBACK:
      return {cancelled, "a stop was requested"};
    case CURLE_FAILED_INIT:
      return {out_of_resources, text};
    default:
      return {bad_response, text};
  }
}

}  // namespace farebench
