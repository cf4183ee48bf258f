#include "http/request_method.hpp"

#include <algorithm>
#include <array>

#include "http/text.hpp"

namespace farebench {

bool is_token(std::string_view text) {
  constexpr std::string_view token_characters =
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  return !text.empty() && text.find_first_not_of(token_characters) == text.npos;
}

bool sends_content(const exchange_request& request) {
  const auto method = request.method();
  return request.has_body() || method == "POST" || method == "PUT" || method == "PATCH";
}

bool has_field(const std::vector<std::string>& lines, std::string_view name) {
  return std::ranges::any_of(
      lines, [name](const std::string& line) { return equals_ignoring_case(text_before(line, ":"), name); });
}

bool describes_body(std::string_view line) {
  constexpr std::string_view prefix = "Content-";
  return equals_ignoring_case(line.substr(0, prefix.size()), prefix);
}

bool is_idempotent(const exchange_request& request) {
  constexpr std::array<std::string_view, 6> idempotent{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::ranges::find(idempotent, request.method()) != idempotent.end();
}

bool is_repeatable(const exchange_request& request) {
  // Browsers, too, repeat a form that may not have arrived.
  return is_idempotent(request) || (request.method() == "POST" && request.is_form() && request.has_body());
}

}  // namespace farebench
