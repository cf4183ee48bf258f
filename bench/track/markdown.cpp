#include "bench/track/markdown.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "lib/system/command_line.hpp"

namespace farebench::track {

std::string markdown_text(std::string_view text) {
  constexpr std::string_view special = "\\`*_{}[]<>#|~&$";
  std::string out;
  for (const char c : printable(text)) {
    if (special.contains(c)) out += '\\';
    out += c;
  }
  return out;
}

namespace {

/// Returns text as a code span in which `bar` replaces each bar.
std::string code_span(std::string_view text, std::string_view bar) {
  std::string out;
  std::size_t longest = 0;
  std::size_t row = 0;
  for (const char c : text) {
    row = c == '`' ? row + 1 : 0;
    longest = std::max(longest, row);
    if (c == '|') {
      out += bar;
    } else {
      out += c;
    }
  }
  const std::string marks(longest + 1, '`');
  // A code span loses a blank at both ends if it has both.
  const bool is_padded = longest > 0 || (text.starts_with(' ') && text.ends_with(' '));
  const std::string_view pad = is_padded ? " " : "";
  return fmt::format("{}{}{}{}{}", marks, pad, out, pad, marks);
}

}  // namespace

std::string markdown_code(std::string_view text) {
  return text.empty() ? "" : code_span(printable(text), "|");
}

std::string markdown_code_cell(std::string_view text) {
  if (text.empty()) return {};
  const auto safe = printable(text);
  return safe.contains("\\|") ? markdown_text(text) : code_span(safe, "\\|");
}

}  // namespace farebench::track
