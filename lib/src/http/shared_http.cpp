#include "http/shared_http.hpp"

#include <algorithm>
#include <new>
#include <system_error>

#include "http/libcurl.hpp"

namespace farebench {
namespace {

// libcurl's own is 16 KiB for each transfer in flight. With few of them 4 KiB cost no time that shows; less
// does, 11 % of the CPU time of a 94 KiB page at 1 KiB, the least that libcurl takes. With thousands memory
// counts for more, and on pages of 3 KiB the smallest costs nothing that shows.
constexpr std::size_t few_clients = 256;
constexpr long few_clients_buffer_bytes = 4096;
constexpr long many_clients_buffer_bytes = 1024;

}  // namespace

shared_http::shared_http(std::size_t clients, std::size_t clients_in_all)
    : receive_buffer_bytes_{clients_in_all <= few_clients ? few_clients_buffer_bytes
                                                          : many_clients_buffer_bytes},
      sockets_{clients} {
  ensure_http_library();
  // Without it each handle makes room for five TLS sessions, 920 bytes, even where it speaks plain HTTP; that
  // is less than what it costs to share.
  if (clients == 1) return;
  tls_sessions_.reset(curl_share_init());
  if (!tls_sessions_ ||
      curl_share_setopt(tls_sessions_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK) {
    throw std::system_error{std::make_error_code(std::errc::not_enough_memory), "curl_share_init"};
  }
}

const fetch_limits& shared_http::keep(const fetch_limits& limits) {
  if (!first_limits_) first_limits_ = limits;
  if (*first_limits_ == limits) return *first_limits_;
  const auto kept = std::ranges::find(further_limits_, limits);
  return kept != further_limits_.end() ? *kept : further_limits_.emplace_front(limits);
}

void shared_http::share_with(CURL* easy) {
  set_option(easy, CURLOPT_BUFFERSIZE, receive_buffer_bytes_);
  set_option(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  if (tls_sessions_) set_option(easy, CURLOPT_SHARE, tls_sessions_.get());
}

std::string shared_http::take_error_text() noexcept {
  std::string text;
  try {
    text = error_text_.data();
  } catch (const std::bad_alloc&) {
    text.clear();  // then there is none
  }
  error_text_[0] = '\0';
  return text;
}

}  // namespace farebench
