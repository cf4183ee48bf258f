#include "tests/contract/sites.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace farebench::test {
namespace {

/// Returns the text between `name` and the end of its line; empty without it.
std::string text_after(const std::string& text, std::string_view name) {
  const auto at = text.find(name);
  if (at == std::string::npos) return {};
  const auto begin = at + name.size();
  return text.substr(begin, text.find("\r\n", begin) - begin);
}

tagged_request read_tag(const std::string& text) {
  tagged_request request;
  const auto tag = text_after(text, "\r\nX-Scrape: ");
  const auto slash = tag.find('/');
  request.date = tag.substr(0, slash);
  if (slash != std::string::npos) {
    std::from_chars(tag.data() + slash + 1, tag.data() + tag.size(), request.attempt);
  }
  request.is_search = text.starts_with("POST ");
  request.session = text_after(text, "\r\nCookie: ");
  return request;
}

}  // namespace

stub_response flaky_site::good_response(const tagged_request& request) {
  if (!request.is_search) {
    return {.bytes = http_response(
                200, fmt::format("Set-Cookie: JSESSIONID={}-{}; Path=/\r\n", request.date, request.attempt),
                "<form></form>")};
  }
  if (request.session != fmt::format("JSESSIONID={}-{}", request.date, request.attempt)) {
    return {.bytes = http_response(403, "", "another attempt's session")};
  }
  return page_of_fares();
}

stub_response flaky_site::record_and_respond(const std::string& text) {
  const auto request = read_tag(text);
  if (!request.is_search) {
    const std::lock_guard lock{mutex_};
    begun_[request.date].emplace(request.attempt, std::chrono::steady_clock::now());
  }
  return respond_(request);
}

std::size_t flaky_site::attempts(const std::string& date) const {
  const std::lock_guard lock{mutex_};
  const auto found = begun_.find(date);
  return found == begun_.end() ? 0 : found->second.size();
}

std::size_t flaky_site::attempts() const {
  const std::lock_guard lock{mutex_};
  std::size_t total = 0;
  for (const auto& [date, begins] : begun_) total += begins.size();
  return total;
}

std::chrono::steady_clock::time_point flaky_site::begin_of(const std::string& date,
                                                           std::size_t attempt) const {
  const std::lock_guard lock{mutex_};
  return begun_.at(date).at(attempt);
}

}  // namespace farebench::test
