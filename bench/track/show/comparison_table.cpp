#include "bench/track/show/comparison_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "bench/report/text_table.hpp"
#include "bench/track/show/comparison_cells.hpp"

namespace farebench::track {
namespace {

constexpr std::size_t columns = 6;
using line = std::array<std::string, columns>;

line line_of(const finding& one) {
  return {"  " + label_of(one), side_cell(one, one.base), side_cell(one, one.head),
          change_cell(one),     verdict_cell(one),        why_cell(one)};
}

std::string laid_out(const line& cells, const std::array<std::size_t, columns>& widths) {
  std::string text;
  for (std::size_t i = 0; i < columns; ++i) {
    const bool is_figure = i >= 1 && i <= 3;
    const std::string room(widths[i] - text_width(cells[i]), ' ');
    text += (i == 0 ? "" : "  ") + (is_figure ? room + cells[i] : cells[i] + room);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + '\n';
}

std::string rows_of(const comparison& of) {
  std::array<std::size_t, columns> widths{};
  const line head{"metric", "base", "head", "change", "verdict", "why"};
  const auto widen = [&](const line& cells) {
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], text_width(cells[i]));
  };
  widen(head);
  for (const auto& one : of.findings) widen(line_of(one));
  std::string text = laid_out(head, widths);
  std::string series;
  for (const auto& one : of.findings) {
    if (one.series != series) text += one.series + '\n';
    series = one.series;
    text += laid_out(line_of(one), widths);
  }
  return text;
}

std::string plural(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

}  // namespace

std::string commit_text(const compared_side& side) {
  // Of a folder of files there may be several ids.
  const auto id = side.commit.size() == 40 ? side.commit.substr(0, 12) : side.commit;
  return side.dirty ? id + " and changes" : id;
}

std::string verdict_counts(const comparison& of) {
  const auto regressions = count(of, verdict::regression);
  const auto accepted = regressions - count_unaccepted(of);
  return fmt::format("{}{}, {}, {} the same, {} cannot be told", plural(regressions, "regression"),
                     accepted == 0 ? "" : fmt::format(" ({} accepted)", accepted),
                     plural(count(of, verdict::improvement), "improvement"), count(of, verdict::same),
                     count(of, verdict::cannot_tell));
}

std::string comparison_table(const comparison& of) {
  std::string text;
  for (const auto& [title, side] : {std::pair{"base", &of.base}, {"head", &of.head}})
    text += fmt::format("{}  {}  {}, program {}\n", title, side->name, commit_text(*side),
                        side->program_sha256.substr(0, 12));
  text += fmt::format("on    {}\n\n", of.machine) + rows_of(of);
  for (const auto& [where, series] : {std::pair{"base", &of.base_only}, {"head", &of.head_only}})
    for (const auto& name : *series) text += fmt::format("only in {}: {}\n", where, name);
  for (const auto& note : of.notes) text += fmt::format("note: {}\n", note);
  return text + verdict_counts(of) + '\n';
}

}  // namespace farebench::track
