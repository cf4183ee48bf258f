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

namespace farebench {
namespace {

/// The one place where a handle's options are chosen, so that strategies differ in control flow only.
void set_common_options(CURL* handle, const fetch_limits& limits) {
  // Without it, libcurl sets and restores signal handlers around every call.
  set_option(handle, CURLOPT_NOSIGNAL, 1L);
  set_option(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set_option(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set_option(handle, CURLOPT_FOLLOWLOCATION, 1L);
  set_option(handle, CURLOPT_MAXREDIRS, static_cast<long>(limits.max_redirects));
  set_option(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set_option(handle, CURLOPT_HTTP09_ALLOWED, 0L);
  set_option(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set_option(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  if (limits.accept_compressed) set_option(handle, CURLOPT_ACCEPT_ENCODING, "");  // all that it knows
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

/// What a Retry-After asks for, in seconds or as a date, from now; zero without one.
fetch_error::retry_after_seconds asked_wait(CURL* handle) {
  using seconds = fetch_error::retry_after_seconds;
  const auto asked = info<curl_off_t>(handle, CURLINFO_RETRY_AFTER);
  return seconds{
      static_cast<seconds::rep>(std::clamp<curl_off_t>(asked, 0, std::numeric_limits<seconds::rep>::max()))};
}

bool is_out_of_resources(long os_error) {
  return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS || os_error == ENOMEM ||
         os_error == EADDRNOTAVAIL;
}

/// libcurl keeps the last errno of a handle for ever: it says something of these verdicts alone.
bool comes_from_system_call(CURLcode verdict) {
  return verdict == CURLE_COULDNT_CONNECT || verdict == CURLE_SEND_ERROR || verdict == CURLE_RECV_ERROR;
}

}  // namespace

http_client::http_client(const fetch_limits& limits, shared_http& shared)
    : shared_{shared},
      limits_{shared.keep(limits)},
      timeout_ms_{limits.exchange_deadline.count()},
      handle_{curl_easy_init()} {
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
  set_option(easy, CURLOPT_PREREQFUNCTION, &http_client::on_request);
  set_option(easy, CURLOPT_PREREQDATA, this);
}

void http_client::prepare(exchange_request request) {
  form_ = std::move(request.form);
  on_body_ = std::move(request.on_body);
  set_cookies_.clear();
  header_bytes_ = 0;
  body_bytes_ = 0;
  content_length_ = -1;
  socket_errno_ = 0;
  opened_socket_ = -1;  // it may be of a connection that never came to be
  pieces_ = 0;
  refused_ = refusal::none;
  is_chunked_ = false;
  is_elsewhere_ = false;
  CURL* const easy = handle_.get();
  set_option(easy, CURLOPT_URL, request.url.c_str());  // libcurl copies it, and the cookies
  set_option(easy, CURLOPT_COOKIE, request.cookies.empty() ? nullptr : request.cookies.c_str());
  // Of its own, even where another client on the same loop has put one down; kept, from then on.
  set_option(easy, CURLOPT_FRESH_CONNECT, has_connection_ ? 0L : 1L);
  has_connection_ = true;
  set_timeout(request.timeout);
  set_header(request.header);
  if (form_.empty()) {
    set_option(easy, CURLOPT_HTTPGET, 1L);
  } else {
    set_option(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(form_.size()));
    set_option(easy, CURLOPT_POSTFIELDS, form_.c_str());  // makes it a POST; not copied
  }
}

void http_client::set_timeout(std::chrono::milliseconds timeout) {
  auto wanted = limits_.exchange_deadline;
  if (timeout > timeout.zero()) wanted = std::min(wanted, timeout);
  if (wanted.count() == timeout_ms_) return;
  set_option(handle_.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(wanted.count()));
  timeout_ms_ = wanted.count();
}

void http_client::set_header(const std::string& line) {
  if (line.empty() && !header_) return;
  std::unique_ptr<curl_slist, list_cleanup> list{line.empty() ? nullptr
                                                              : curl_slist_append(nullptr, line.c_str())};
  if (!line.empty() && !list) throw std::bad_alloc{};
  set_option(handle_.get(), CURLOPT_HTTPHEADER, list.get());  // not copied
  header_ = std::move(list);
}

exchange_result http_client::finish(CURLcode verdict, const std::string& error_text) {
  try {
    if (callback_fault_) std::rethrow_exception(std::exchange(callback_fault_, nullptr));
    return result_of(verdict, error_text);
  } catch (const std::bad_alloc&) {
    return std::unexpected(
        fetch_error{fetch_error_kind::out_of_resources, "no memory"});  // takes none itself
  }
}

exchange_result http_client::result_of(CURLcode verdict, const std::string& error_text) {
  CURL* const easy = handle_.get();
  if (verdict != CURLE_OK) {
    auto why = failure(verdict, error_text);
    os_errno_before_ = static_cast<int>(info<long>(easy, CURLINFO_OS_ERRNO));
    return std::unexpected(std::move(why));
  }
  exchange_response answer{
      static_cast<int>(info<long>(easy, CURLINFO_RESPONSE_CODE)), {}, std::move(set_cookies_)};
  if (answer.status != 200) answer.retry_after = asked_wait(easy);
  return answer;
}

bool http_client::wants_new_connection() {
  if (refused_ != refusal::connection) return false;
  refused_ = refusal::none;
  return true;
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
  CURLcode verdict = curl_easy_perform(handle_.get());
  if (wants_new_connection()) {
    shared_.take_error_text();
    verdict = curl_easy_perform(handle_.get());
  }
  return finish(verdict, shared_.take_error_text());
}

// The caps live here and not in CURLOPT_MAXFILESIZE, which lets bodies without a Content-Length past.
// A count other than the given one makes libcurl end the transfer with CURLE_WRITE_ERROR.

std::size_t http_client::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& client = *static_cast<http_client*>(self);
  try {
    client.refused_ = client.take_header({data, size * count});
  } catch (...) {
    client.callback_fault_ = std::current_exception();
    client.refused_ = refusal::threw;
  }
  return client.refused_ == refusal::none ? size * count : 0;
}

/// Each line of each answer of the exchange: of a 1xx, of a redirect, of the last one, and trailers.
http_client::refusal http_client::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > limits_.max_header_bytes) return refusal::headers_too_large;
  switch (line.empty() ? '\0' : line.front()) {
    case 'H':
      if (line.starts_with("HTTP/")) {  // another answer
        content_length_ = -1;
        is_chunked_ = false;
      }
      break;
    case 'T':
    case 't':
      if (header_value(line, "transfer-encoding")) {
        is_chunked_ = true;
        if (content_length_ >= 0) return refusal::length_of_chunks;
      }
      break;
    case 'S':
    case 's':
      if (const auto cookie = header_value(line, "set-cookie"); cookie && !is_elsewhere_) {
        set_cookies_.emplace_back(*cookie);
      }
      break;
    case 'C':
    case 'c':
      if (const auto length = header_value(line, "content-length")) {
        return take_length(*length);
      } else if (const auto encoding = header_value(line, "content-encoding")) {
        if (!limits_.accept_compressed && !is_equal_but_for_case(*encoding, "identity"))
          return refusal::encoding;
      }
      break;
    case 'L':
    case 'l':
      if (const auto location = header_value(line, "location")) return take_redirect(*location);
      break;
    default:
      break;
  }
  return refusal::none;
}

/// Of two lengths libcurl takes the last one, of "5, 9" the 5, and where the body is chunked neither. Where
/// another reader on the way takes the other, the rest of a body is an answer to what was not asked, or a
/// page ends too early: so what says two things of its own end is refused (RFC 9112, 6.3 and 11.2).
http_client::refusal http_client::take_length(std::string_view value) {
  std::int64_t bytes = -1;
  const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), bytes);
  if (fault != std::errc{} || end != value.data() + value.size() || bytes < 0) return refusal::bad_length;
  if (content_length_ >= 0 && bytes != content_length_) return refusal::two_lengths;
  content_length_ = bytes;
  return is_chunked_ ? refusal::length_of_chunks : refusal::none;
}

/// libcurl itself counts redirects, and follows them to http and https alone. But it would take the cookies
/// along to any host: they, and a header that was added, were set by hand.
http_client::refusal http_client::take_redirect(std::string_view location) {
  CURL* const easy = handle_.get();
  const auto status = info<long>(easy, CURLINFO_RESPONSE_CODE);
  if (status < 300 || status > 399 || location.empty()) return refusal::none;
  switch (where_leads(info<const char*>(easy, CURLINFO_EFFECTIVE_URL), std::string{location})) {
    case redirect_target::same_origin:
      return refusal::none;
    case redirect_target::other_origin:
      is_elsewhere_ = true;
      set_option(easy, CURLOPT_COOKIE, nullptr);
      set_option(easy, CURLOPT_HTTPHEADER, nullptr);
      return refusal::none;
    case redirect_target::not_http:
      break;
  }
  return refusal::redirect;
}

std::size_t http_client::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& client = *static_cast<http_client*>(self);
  try {
    client.refused_ = client.take_body({data, size * count});
  } catch (...) {
    client.callback_fault_ = std::current_exception();
    client.refused_ = refusal::threw;
  }
  return client.refused_ == refusal::none ? size * count : 0;
}

http_client::refusal http_client::take_body(std::string_view piece) {
  body_bytes_ += piece.size();
  if (body_bytes_ > limits_.max_body_bytes) return refusal::body_too_large;
  ++pieces_;
  if (is_too_slow()) return refusal::too_slow;
  if (on_body_) on_body_(piece);
  return refusal::none;
}

/// Looked at every few pieces: a dribble has many, and a page of usual size none too many.
bool http_client::is_too_slow() const {
  constexpr std::uint32_t pieces_a_look = 8;
  if (pieces_ % pieces_a_look != 0) return false;
  // By libcurl's own clock, which it has just read.
  CURL* const easy = handle_.get();
  const std::chrono::microseconds spent{info<curl_off_t>(easy, CURLINFO_TOTAL_TIME_T) -
                                        info<curl_off_t>(easy, CURLINFO_STARTTRANSFER_TIME_T)};
  if (spent <= limits_.min_rate_grace) return false;
  const double seconds = std::chrono::duration<double>{spent}.count();
  return static_cast<double>(body_bytes_) < static_cast<double>(limits_.min_bytes_per_second) * seconds;
}

/// As libcurl does it itself, but for the errno, which it does not tell.
curl_socket_t http_client::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& client = *static_cast<http_client*>(self);
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) client.socket_errno_ = errno;
  client.opened_socket_ = socket;
  return socket < 0 ? CURL_SOCKET_BAD : socket;
}

/// A request is about to go. Where it goes on a kept connection that turns out to be dead, libcurl repeats it
/// by itself; and on a loop it would take one kept connection after the other for that, up to five, each
/// perhaps as dead. So once, and on a new one, which it repeats nothing on.
///
/// On a kept connection there may be bytes that nobody has asked for: what a Content-Length left out, or a
/// second answer. libcurl 7.88 takes such a connection for alive, and them for the answer: of one day the
/// fares of another. So it is given up, and so is one that has come to its end: libcurl counts its repeats
/// over the life of a handle, and fails each sixth request that needs one ("tried 5 times before giving up").
int http_client::on_request(void* self, char*, char*, int peer_port, int local_port) {
  auto& client = *static_cast<http_client*>(self);
  curl_easy_setopt(client.handle_.get(), CURLOPT_FRESH_CONNECT,
                   1L);  // cannot fail; of redirects it says nothing
  kept_sockets& sockets = client.shared_.sockets();
  if (const int opened = std::exchange(client.opened_socket_, -1); opened >= 0) {
    sockets.remember(local_port, opened);
  } else if (const int kept = sockets.find(local_port); kept >= 0) {
    if (!holds_unasked(kept, local_port, peer_port)) return CURL_PREREQFUNC_OK;
    client.refused_ = refusal::connection;
    return CURL_PREREQFUNC_ABORT;
  }
  return CURL_PREREQFUNC_OK;
}

fetch_error http_client::refused() const {
  using enum fetch_error_kind;
  switch (refused_) {
    case refusal::headers_too_large:
      return {header_too_large, fmt::format("more than {} bytes of headers", limits_.max_header_bytes)};
    case refusal::body_too_large:
      return {body_too_large, fmt::format("more than {} bytes of body", limits_.max_body_bytes)};
    case refusal::too_slow:
      return {deadline_exceeded, fmt::format("slower than {} bytes a second, {} bytes of body received",
                                             limits_.min_bytes_per_second, body_bytes_)};
    case refusal::encoding:
      return {bad_response, "a Content-Encoding that was not asked for"};
    case refusal::bad_length:
      return {bad_response, "a Content-Length that is no number of bytes"};
    case refusal::two_lengths:
      return {bad_response, "two Content-Lengths that differ"};
    case refusal::length_of_chunks:
      return {bad_response, "both a Content-Length and a Transfer-Encoding"};
    case refusal::redirect:
      return {redirect_refused, "redirected to something else than http or https"};
    case refusal::threw:
    case refusal::connection:
    case refusal::none:
      break;
  }
  return {out_of_resources, "no memory for the answer"};
}

/// libcurl fails to receive both when the connection does and when a chunk is none. Only its text tells;
/// where several failed at once and the text is another's, there was at least no error of the system's.
bool http_client::is_of_chunks(const std::string& error_text) const {
  if (!error_text.empty()) return error_text.ends_with("in chunked-encoding");
  return is_chunked_ && info<long>(handle_.get(), CURLINFO_OS_ERRNO) == os_errno_before_;
}

fetch_error http_client::failure(CURLcode verdict, const std::string& error_text) const {
  using enum fetch_error_kind;
  CURL* const easy = handle_.get();
  const std::string text = error_text.empty() ? curl_easy_strerror(verdict) : error_text;

  if (refused_ != refusal::none) return refused();
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
                            std::min<std::int64_t>(limits_.connect_timeout.count(), timeout_ms_))};
      }
      return {deadline_exceeded,
              fmt::format("not done within {} ms, {} bytes of body received", timeout_ms_, body_bytes_)};
    case CURLE_TOO_MANY_REDIRECTS:
      return {redirect_refused, fmt::format("redirected more than {} times", limits_.max_redirects)};
    case CURLE_RECV_ERROR:
      if (is_of_chunks(error_text)) return {bad_response, "a chunk that is none"};
      return {connection_lost, text};
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
      return {connection_lost, text};
    case CURLE_OUT_OF_MEMORY:
      // libcurl also says so of one header line beyond its own limit of 100 KiB.
      if (info<curl_off_t>(easy, CURLINFO_STARTTRANSFER_TIME_T) > 0 && body_bytes_ == 0) {
        return {header_too_large, "a header line beyond what libcurl takes"};
      }
      return {out_of_resources, text};
    case CURLE_ABORTED_BY_CALLBACK:
      if (!stop_.stop_requested()) return {out_of_resources, "no memory for another connection"};
      return {cancelled, "a stop was requested"};
    case CURLE_FAILED_INIT:
      return {out_of_resources, text};
    default:
      return {bad_response, text};
  }
}

}  // namespace farebench
