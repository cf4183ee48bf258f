#include "http/redirect_target.hpp"

#include <tuple>

#include "http/curl_url.hpp"

namespace farebench {
namespace {

auto origin_of(const curl_url& url) {
  return std::tuple{url.part(CURLUPART_SCHEME), url.part(CURLUPART_HOST),
                    url.part(CURLUPART_PORT, CURLU_DEFAULT_PORT)};
}

}  // namespace

redirect_target where_leads(const std::string& from_url, const std::string& location) {
  curl_url url;
  if (!url.set(from_url)) return redirect_target::not_http;
  const auto origin = origin_of(url);
  // libcurl encodes what it would refuse otherwise, blanks above all, when it follows: so here too.
  if (!url.set(location, CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE)) return redirect_target::not_http;
  const auto scheme = url.part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return redirect_target::not_http;
  return origin_of(url) == origin ? redirect_target::same_origin : redirect_target::other_origin;
}

}  // namespace farebench
