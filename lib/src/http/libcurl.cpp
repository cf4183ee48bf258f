#include "http/libcurl.hpp"

#include <algorithm>
#include <mutex>
#include <tuple>

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

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(text, lower_case, {}, lower);
}

std::optional<std::string_view> header_value(std::string_view line, std::string_view lower_case_name) {
  const std::size_t colon = lower_case_name.size();
  if (line.size() <= colon || line[colon] != ':') return std::nullopt;
  if (!equals_ignoring_case(line.substr(0, colon), lower_case_name)) return std::nullopt;
  line.remove_prefix(colon + 1);
  constexpr std::string_view blanks = " \t\r\n";
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  return line.substr(0, line.find_last_not_of(blanks) + 1);
}

namespace {

auto origin_of(const curl_url& url) {
  return std::tuple{url.part(CURLUPART_SCHEME), url.part(CURLUPART_HOST),
                    url.part(CURLUPART_PORT, CURLU_DEFAULT_PORT)};
}

}  // namespace

redirect_target classify_redirect(const std::string& url, const std::string& location) {
  curl_url target;
  if (!target.set(url)) return redirect_target::not_http;
  const auto origin = origin_of(target);
  // The flags with which libcurl itself parses a Location: it encodes blanks instead of rejecting them.
  if (!target.set(location, CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE)) return redirect_target::not_http;
  const auto scheme = target.part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return redirect_target::not_http;
  return origin_of(target) == origin ? redirect_target::same_origin : redirect_target::other_origin;
}

}  // namespace farebench
