#include "http/libcurl.hpp"

#include <mutex>

#include "farebench/exchange.hpp"

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

std::string http_library_version() {
  initialize_libcurl();
  return fmt::format("libcurl/{}", curl_version_info(CURLVERSION_NOW)->version);
}

bool curl_url::set(const std::string& text, unsigned flags) {
  const CURLUcode code = curl_url_set(url_.get(), CURLUPART_URL, text.c_str(), flags);
  if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc{};
  return code == CURLUE_OK;
}

std::string curl_url::part(CURLUPart component, unsigned flags) const {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(url_.get(), component, &text, flags);
  if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc{};
  if (code != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owned{text, &curl_free};
  return owned.get();
}

}  // namespace farebench
