#pragma once

#include <curl/curl.h>
#include <fmt/format.h>

#include <system_error>

namespace farebench {

/// curl_easy_setopt. Throws std::system_error: with options that libcurl knows, it fails for want of memory.
template <typename Value>
void set_option(CURL* handle, CURLoption option, Value value) {
  if (const CURLcode code = curl_easy_setopt(handle, option, value); code != CURLE_OK) {
    throw std::system_error{
        std::make_error_code(std::errc::not_enough_memory),
        fmt::format("curl_easy_setopt({}): {}", static_cast<int>(option), curl_easy_strerror(code))};
  }
}

/// Initialises libcurl, once a process; safe from any thread.
void ensure_http_library();

}  // namespace farebench
