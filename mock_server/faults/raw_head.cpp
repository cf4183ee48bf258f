#include "mock_server/faults/raw_head.hpp"

#include <fmt/format.h>

namespace farebench {

// Without a reason phrase, which may be empty (RFC 9112, section 4).
raw_head::raw_head(const site_response& answer) : status_line(fmt::format("HTTP/1.1 {} ", answer.status)) {
  for_each_header(answer, [this](std::string_view name, std::string_view value) { with(name, value); });
}

raw_head& raw_head::with(std::string_view name, std::string_view value) {
  headers.emplace_back(name, value);
  return *this;
}

raw_head& raw_head::with_length(std::size_t bytes) { return with("Content-Length", std::to_string(bytes)); }

std::string raw_head::text() const { return lines() + "\r\n"; }

std::string raw_head::lines() const {
  std::string all = status_line + "\r\n";
  for (const auto& [name, value] : headers)
    fmt::format_to(std::back_inserter(all), "{}: {}\r\n", name, value);
  return all;
}

}  // namespace farebench
