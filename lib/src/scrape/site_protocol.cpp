#include "farebench/site_protocol.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "farebench/date.hpp"

namespace farebench {
namespace {

/// Appends `text` in the percent-encoding of the URL standard's application/x-www-form-urlencoded serializer.
void append_encoded(std::string& body, std::string_view text) {
  for (const char c : text) {
    const bool is_unreserved = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               c == '*' || c == '-' || c == '.' || c == '_';
    if (is_unreserved) {
      body += c;
    } else if (c == ' ') {
      body += '+';
    } else {
      fmt::format_to(std::back_inserter(body), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

}  // namespace

std::expected<std::string, fetch_error> search_form_body(const query& search) {
  const auto invalid = [](std::string detail) {
    return std::unexpected(fetch_error{fetch_error_kind::invalid_query, std::move(detail)});
  };
  if (search.from.empty() || search.to.empty()) return invalid("a station is empty");
  const int year = static_cast<int>(search.date.year());
  if (!search.date.ok() || year < 2000 || year > 2099) {
    return invalid("the date does not exist or is outside 2000 to 2099");
  }
  constexpr std::size_t fields_bytes = sizeof "fromStation=&toStation=&departure=dd.mm.yy";
  std::string body;
  // Reserved to avoid spare capacity, because each worker holds the body while it fetches the start page.
  body.reserve(fields_bytes + search.from.size() + search.to.size());
  body += "fromStation=";
  append_encoded(body, search.from);
  body += "&toStation=";
  append_encoded(body, search.to);
  body += "&departure=";
  append_encoded(body, format_form_date(search.date));
  return body;
}

}  // namespace farebench
