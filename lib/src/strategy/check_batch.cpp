#include "strategy/check_batch.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace farebench {
namespace {

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owned{text, &curl_free};
  return owned.get();
}

/// Whether it is scheme, host and port alone. A trailing slash is refused too: paths are appended to it.
bool is_base_url(const std::string& text) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url{curl_url(), &curl_url_cleanup};
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return false;
  const auto scheme = url_part(url.get(), CURLUPART_SCHEME);
  return (scheme == "http" || scheme == "https") && !url_part(url.get(), CURLUPART_HOST).empty() &&
         url_part(url.get(), CURLUPART_PATH) == "/" && !text.ends_with('/') &&
         url_part(url.get(), CURLUPART_QUERY).empty() && url_part(url.get(), CURLUPART_FRAGMENT).empty() &&
         url_part(url.get(), CURLUPART_USER).empty();
}

}  // namespace

void check_batch(const batch& work) {
  if (work.workers == 0) throw std::invalid_argument{"a batch needs at least one worker"};
  if (!work.query_at) throw std::invalid_argument{"a batch needs a query_at"};
  if (!is_base_url(work.base_url)) {
    throw std::invalid_argument{fmt::format(
        "'{}' is not a base URL: write scheme, host and port alone, such as http://127.0.0.1:8080",
        work.base_url)};
  }
}

std::size_t workers_needed(const batch& work) { return std::min(work.workers, work.size); }

}  // namespace farebench
