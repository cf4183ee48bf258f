#include <fmt/format.h>

#include <string_view>

#include "bench/track/show/comparison_cells.hpp"
#include "bench/track/show/comparison_table.hpp"

namespace farebench::track {
namespace {

/// A text as a cell of a table, in which a bar would begin the next one.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string{"\\|"} : std::string(1, c);
  return out;
}

std::string row_of(const finding& one) {
  return fmt::format("| `{}` | {} | {} | {} | {} | {} | {} |\n", cell(one.series), label_of(one),
                     side_cell(one, one.base), side_cell(one, one.head), change_cell(one),
                     one.what == verdict::regression && one.accepted.empty()
                         ? fmt::format("**{}**", verdict_cell(one))
                         : verdict_cell(one),
                     cell(why_cell(one)));
}

}  // namespace

std::string comparison_markdown(const comparison& of) {
  std::string text =
      fmt::format("### {}\n\n`{}` ({}) → `{}` ({}), on {}: {}.\n",
                  count_unaccepted(of) == 0 ? "Nothing got worse" : "Something got worse", of.base.name,
                  commit_text(of.base), of.head.name, commit_text(of.head), of.machine, verdict_counts(of));
  std::string rows;
  for (const auto& one : of.findings)
    if (one.what != verdict::same) rows += row_of(one);
  if (!rows.empty())
    text += "\n| series | metric | base | head | change | verdict | why |\n|---|---|--:|--:|--:|---|---|\n" +
            rows;
  std::string list;
  for (const auto& name : of.base_only) list += fmt::format("- only in base: `{}`\n", name);
  for (const auto& name : of.head_only) list += fmt::format("- only in head: `{}`\n", name);
  for (const auto& note : of.notes) list += fmt::format("- {}\n", note);
  return list.empty() ? text : text + "\n" + list;
}

}  // namespace farebench::track
