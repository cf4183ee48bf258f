#include "site/search_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "farebench/date.hpp"

namespace farebench {
namespace {

/// Percent-encoding of the URL standard's application/x-www-form-urlencoded serializer.
void append_encoded(std::string& out, std::string_view text) {
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '*' || c == '-' || c == '.' || c == '_';
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

}  // namespace

std::expected<std::string, fetch_error> search_form_body(const query& asked) {
  const auto invalid = [](std::string detail) {
    return std::unexpected(fetch_error{fetch_error_kind::invalid_query, std::move(detail)});
  };
  if (asked.from.empty() || asked.to.empty()) return invalid("a station is empty");
  const int year = static_cast<int>(asked.date.year());
  if (!asked.date.ok() || year < 2000 || year > 2099) {
    return invalid("the date does not exist or is outside 2000 to 2099");
  }
  constexpr std::size_t fields_bytes = sizeof "fromStation=&toStation=&departure=dd.mm.yy";
  std::string body;
  body.reserve(fields_bytes + asked.from.size() + asked.to.size());  // held while the start page is fetched
  body += "fromStation=";
  append_encoded(body, asked.from);
  body += "&toStation=";
  append_encoded(body, asked.to);
  body += "&departure=";
  append_encoded(body, format_form_date(asked.date));
  return body;
}

}  // namespace farebench
