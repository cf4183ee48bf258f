#include "strategy/check_batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "http/curl_url.hpp"
#include "strategy/check_policy.hpp"

namespace farebench {
namespace {

/// Whether it is scheme, host and port alone: anything behind them, even an empty query, would end up before
/// the paths that are appended.
bool is_base_url(const std::string& text) {
  if (text.find_first_of("?#@") != std::string::npos || text.ends_with('/')) return false;
  curl_url url;
  if (!url.set(text)) return false;
  const auto scheme = url.part(CURLUPART_SCHEME);
  return (scheme == "http" || scheme == "https") && !url.part(CURLUPART_HOST).empty() &&
         url.part(CURLUPART_PATH) == "/";
}

}  // namespace

void check_batch(const batch& work) {
  if (work.workers == 0) throw std::invalid_argument{"a batch needs at least one worker"};
  if (work.loops == 0) throw std::invalid_argument{"a batch needs at least one event loop"};
  if (!work.query_at) throw std::invalid_argument{"a batch needs a query_at"};
  check_policy(work.policy);
  if (!is_base_url(work.base_url)) {
    throw std::invalid_argument{fmt::format(
        "'{}' is not a base URL: write scheme, host and port alone, such as http://127.0.0.1:8080",
        work.base_url)};
  }
}

std::size_t workers_needed(const batch& work) { return std::min(work.workers, work.size); }

}  // namespace farebench
