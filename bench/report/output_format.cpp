#include "bench/report/output_format.hpp"

namespace farebench {

std::optional<output_format> parse_output_format(std::string_view text) {
  if (text == "console") return output_format::console;
  if (text == "json") return output_format::json;
  if (text == "csv") return output_format::csv;
  return std::nullopt;
}

}  // namespace farebench
