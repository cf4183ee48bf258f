#pragma once

#include <curl/curl.h>
#include <fmt/format.h>

#include <cstddef>
#include <system_error>

namespace farebench {

/// Initialises libcurl on the first call. Thread-safe. Throws std::system_error.
void initialize_libcurl();

/// Returns the version of the loaded libcurl, to be compared with CURL_VERSION_BITS. It may be newer than the
/// one whose headers were compiled.
unsigned libcurl_version();

/// CURLE_TOO_LARGE, which is missing in headers before 8.6.0.
constexpr auto curle_too_large = static_cast<CURLcode>(100);

/// CURLOPT_UPLOAD_BUFFERSIZE of every handle: the smallest that libcurl allows. Since libcurl 8.7, the first
/// request with a body allocates a buffer of this size, 64 KiB by default, which is kept as long as the
/// handle. map_send_buffers keeps its untouched pages from being resident.
constexpr std::size_t send_buffer_bytes = 16 * 1024;

/// Calls curl_easy_setopt. Throws std::system_error; a supported option fails only for lack of memory.
template <typename Value>
void set_option(CURL* handle, CURLoption option, Value value) {
  if (const CURLcode code = curl_easy_setopt(handle, option, value); code != CURLE_OK) {
    throw std::system_error{
        std::make_error_code(std::errc::not_enough_memory),
        fmt::format("curl_easy_setopt({}): {}", static_cast<int>(option), curl_easy_strerror(code))};
  }
}

}  // namespace farebench
