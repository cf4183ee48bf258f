#include "http/curl_url.hpp"

namespace farebench {

bool curl_url::set(const std::string& text, unsigned flags) {
  return curl_url_set(url_.get(), CURLUPART_URL, text.c_str(), flags) == CURLUE_OK;
}

std::string curl_url::part(CURLUPart which, unsigned flags) const {
  char* text = nullptr;
  if (curl_url_get(url_.get(), which, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owned{text, &curl_free};
  return owned.get();
}

}  // namespace farebench
