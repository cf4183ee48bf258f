#include "bench/output/markdown.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstddef>

#include "lib/system/command_line.hpp"

namespace farebench {

std::string markdown_text(std::string_view text) {
  const auto safe = printable(text);
  const auto is_alphanumeric = [&](std::size_t at) {
    return at < safe.size() && std::isalnum(static_cast<unsigned char>(safe[at])) != 0;
  };
  std::string escaped;
  for (std::size_t at = 0; at < safe.size(); ++at) {
    const char c = safe[at];
    // Within a word, an underscore is one.
    const bool is_inner_underscore = c == '_' && at > 0 && is_alphanumeric(at - 1) && is_alphanumeric(at + 1);
    if (std::string_view{"\\`*_{}[]<>#|~&$"}.contains(c) && !is_inner_underscore) escaped += '\\';
    escaped += c;
  }
  return escaped;
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

}  // namespace farebench
