#include "http/curl_url.hpp"

namespace farebench {

bool curl_url::set(const std::string& text, unsigned flags) {
  const CURLUcode code = curl_url_set(url_.get(), CURLUPART_URL, text.c_str(), flags);
  if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc{};
  return code == CURLUE_OK;
}

std::string curl_url::part(CURLUPart which, unsigned flags) const {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(url_.get(), which, &text, flags);
  if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc{};
  if (code != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owned{text, &curl_free};
  return owned.get();
}

}  // namespace farebench
