#include "bench/report/one_line.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace farebench {

std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  const auto first = line.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  line = line.substr(first, line.find_last_not_of(' ') - first + 1);
  using nlohmann::json;
  return json::parse(json(line).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
}

}  // namespace farebench
