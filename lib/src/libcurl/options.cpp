#include "libcurl/options.hpp"

#include <mutex>

namespace farebench {

void initialize_libcurl() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT); code != CURLE_OK) {
      throw std::system_error{std::make_error_code(std::errc::not_enough_memory),
                              fmt::format("curl_global_init: {}", curl_easy_strerror(code))};
    }
  });
}

unsigned libcurl_version() {
  static const unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;
  return version;
}

}  // namespace farebench
