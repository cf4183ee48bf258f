#pragma once

#include <curl/curl.h>
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
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

/// A URL as libcurl reads it. Throws std::bad_alloc where that has no memory.
class curl_url {
 public:
  curl_url() : url_{::curl_url()} {
    if (!url_) throw std::bad_alloc{};
  }

  /// An absolute URL, or one relative to what it is so far. False when libcurl does not take it.
  bool set(const std::string& text, unsigned flags = 0);
  /// A part as it stands there; empty without one.
  std::string part(CURLUPart which, unsigned flags = 0) const;

 private:
  struct cleanup {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
  };
  std::unique_ptr<CURLU, cleanup> url_;
};

// A header line as it comes off a connection, "Name: value\r\n". Pure; any thread.

/// Its value, without the blanks around it, if the header has that name; which is given in small letters, and
/// whose case means nothing in the line.
std::optional<std::string_view> header_value(std::string_view line, std::string_view name);

/// Of ASCII letters.
bool is_equal_but_for_case(std::string_view text, std::string_view in_small_letters);

/// Where a redirect leads, as seen from the URL whose answer it is.
enum class redirect_target : std::uint8_t {
  same_origin,   ///< the same scheme, host and port
  other_origin,  ///< other ones, by http or https
  not_http,      ///< to another scheme, or to nowhere that libcurl could read
};

/// `location`: the Location header's value, absolute or relative. Throws std::bad_alloc.
redirect_target where_leads(const std::string& from_url, const std::string& location);

}  // namespace farebench
