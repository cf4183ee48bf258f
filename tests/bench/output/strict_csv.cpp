#include "strict_csv.hpp"

#include <cstddef>
#include <stdexcept>

namespace farebench {

namespace {

[[noreturn]] void refuse(const char* why) { throw std::invalid_argument(why); }

/// Takes a cell from the text's front, up to the comma or newline that ends it.
std::string take_cell(std::string_view& text) {
  std::string cell;
  if (text.starts_with('"')) {
    text.remove_prefix(1);
    for (;;) {
      const auto quote = text.find('"');
      if (quote == std::string_view::npos) refuse("a quote that doesn't end");
      cell += text.substr(0, quote);
      text.remove_prefix(quote + 1);
      if (!text.starts_with('"')) break;
      cell += '"';
      text.remove_prefix(1);
    }
  } else {
    const auto end = text.find_first_of(",\n");
    cell = text.substr(0, end);
    if (cell.find('"') != std::string::npos) refuse("a quote inside a bare cell");
    text.remove_prefix(cell.size());
  }
  if (!text.starts_with(',') && !text.starts_with('\n')) refuse("a cell that isn't ended");
  return cell;
}

}  // namespace

std::vector<csv_row> parse_strict_csv(std::string_view text) {
  std::vector<csv_row> rows;
  while (!text.empty()) {
    csv_row row;
    bool more = true;
    while (more) {
      row.push_back(take_cell(text));
      more = text.front() == ',';
      text.remove_prefix(1);
    }
    if (!rows.empty() && rows.front().size() != row.size()) refuse("rows of different lengths");
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace farebench
