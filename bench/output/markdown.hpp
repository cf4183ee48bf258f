#pragma once

#include <string>
#include <string_view>

namespace farebench {

// Text in GitHub-flavoured Markdown. Text from files is escaped by printable() as well.

/// Escapes text for Markdown (CommonMark 0.31, section 2.4), HTML and cells of tables.
std::string markdown_text(std::string_view text);

/// Returns text as a code span, delimited by more backticks than it has in a row (section 6.1).
std::string markdown_code(std::string_view text);

/// Returns text as a code span in a cell of a table, which bars would end (GFM 0.29, section 4.10). A
/// backslash before a bar has no form in a code span there, so such text is escaped only.
std::string markdown_code_cell(std::string_view text);

}  // namespace farebench
