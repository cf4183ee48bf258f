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

/// Whether it is scheme, host and port alone: anything behind them, even an empty query, would end up before
/// the paths that are appended.
bool is_base_url(const std::string& text) {
  if (text.find_first_of("?#@") != std::string::npos || text.ends_with('/')) return false;
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url{curl_url(), &curl_url_cleanup};
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return false;
  const auto scheme = url_part(url.get(), CURLUPART_SCHEME);
  return (scheme == "http" || scheme == "https") && !url_part(url.get(), CURLUPART_HOST).empty() &&
         url_part(url.get(), CURLUPART_PATH) == "/";
}

/// To libcurl a limit of zero means none at all, and so a hang.
bool are_limits(const fetch_limits& limits) {
  using std::chrono::milliseconds;
  return limits.connect_timeout > milliseconds::zero() && limits.exchange_deadline > milliseconds::zero() &&
         limits.max_header_bytes > 0 && limits.max_body_bytes > 0;
}

}  // namespace

void check_batch(const batch& work) {
  if (work.workers == 0) throw std::invalid_argument{"a batch needs at least one worker"};
  if (work.loops == 0) throw std::invalid_argument{"a batch needs at least one event loop"};
  if (!work.query_at) throw std::invalid_argument{"a batch needs a query_at"};
  if (!are_limits(work.limits)) throw std::invalid_argument{"a batch's limits must all be above zero"};
  if (!is_base_url(work.base_url)) {
    throw std::invalid_argument{fmt::format(
        "'{}' is not a base URL: write scheme, host and port alone, such as http://127.0.0.1:8080",
        work.base_url)};
  }
}

std::size_t workers_needed(const batch& work) { return std::min(work.workers, work.size); }

}  // namespace farebench
