#include "bench/output/rows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "lib/system/command_line.hpp"

namespace farebench {

void row_ledger::record(const std::string& case_name, finished_row row) {
  ++rows_;
  if (row.verdict.failed()) ++failed_rows_;
  repetitions_[case_name].push_back(std::move(row));
}

std::span<const finished_row> row_ledger::repetitions(const std::string& case_name) const {
  const auto found = repetitions_.find(case_name);
  if (found == repetitions_.end()) return {};
  return found->second;
}

std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  const auto first = line.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  line = line.substr(first, line.find_last_not_of(' ') - first + 1);
  using nlohmann::json;
  return printable(
      json::parse(json(line).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>());
}

}  // namespace farebench
