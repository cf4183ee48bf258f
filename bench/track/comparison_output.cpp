#include "bench/track/comparison_output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "bench/output/text_table.hpp"
#include "bench/track/judge.hpp"

namespace farebench::track {

// The cells of a finding, for tables of any kind.

std::string label_of(const finding& one);
/// "46.1 ms ± 2 %"; "–" when absent.
std::string side_cell(const finding& one, const std::optional<side_summary>& side);
/// "+15.2 %", "+15.2 % [+14.1, +16.0]"; "–" when absent.
std::string change_cell(const finding& one);
/// "regression (accepted)"
std::string verdict_cell(const finding& one);
std::string why_cell(const finding& one);

namespace {

constexpr const char* absent = "–";

/// Without a sign where nothing is left of it: "-0.0" says no more than "0.0".
std::string signed_percent(double share) {
  const auto text = fmt::format("{:+.1f}", 100 * share);
  return std::abs(100 * share) < 0.05 ? "0.0" : text;
}

}  // namespace

std::string label_of(const finding& one) {
  const auto* const known = find_metric(one.metric);
  return std::string{known ? known->label : one.metric};
}

std::string side_cell(const finding& one, const std::optional<side_summary>& side) {
  const auto* const known = find_metric(one.metric);
  if (!side || !known) return absent;
  return fmt::format("{} ± {:.1f} %", figure_text(*known, side->median), 100 * side->spread);
}

std::string change_cell(const finding& one) {
  if (!one.change) return absent;
  auto text = signed_percent(*one.change) + " %";
  if (one.low && one.high)
    text += fmt::format(" [{}, {}]", signed_percent(*one.low), signed_percent(*one.high));
  return text;
}

std::string verdict_cell(const finding& one) {
  std::string text{to_string(one.what)};
  return one.accepted.empty() ? text : text + " (accepted)";
}

std::string why_cell(const finding& one) {
  return one.accepted.empty() ? one.why : fmt::format("{}; accepted: {}", one.why, one.accepted);
}

namespace {

using nlohmann::ordered_json;

ordered_json side_json(const compared_side& side) {
  return {{"name", side.name},
          {"commit", side.commit},
          {"dirty", side.dirty},
          {"program_sha256", side.program_sha256}};
}

void put(ordered_json& object, const char* name, const std::optional<double>& value) {
  if (value) object[name] = *value;
}

ordered_json finding_json(const finding& one) {
  ordered_json out{{"series", one.series}, {"metric", one.metric}, {"verdict", to_string(one.what)}};
  for (const auto& [name, side] : {std::pair{"base", &one.base}, {"head", &one.head}})
    if (*side) out[name] = {{"median", (*side)->median}, {"spread", (*side)->spread}};
  put(out, "change", one.change);
  put(out, "change_low", one.low);
  put(out, "change_high", one.high);
  if (one.low) out["confidence"] = one.confidence;
  out["floor"] = one.floor;
  put(out, "smallest_seen", one.smallest_seen);
  out["why"] = one.why;
  if (!one.accepted.empty()) out["accepted"] = one.accepted;
  return out;
}

}  // namespace

std::string comparison_json(const comparison& of) {
  auto findings = ordered_json::array();
  for (const auto& one : of.findings) findings.push_back(finding_json(one));
  const ordered_json whole{{"format", "farebench-comparison 1"},
                           {"base", side_json(of.base)},
                           {"head", side_json(of.head)},
                           {"machine", of.machine},
                           {"from_files", of.is_from_files},
                           {"same_program", of.is_of_one_program()},
                           {"regressions", count(of, verdict::regression)},
                           {"accepted", count(of, verdict::regression) - count_unaccepted(of)},
                           {"improvements", count(of, verdict::improvement)},
                           {"same", count(of, verdict::same)},
                           {"cannot_tell", count(of, verdict::cannot_tell)},
                           {"findings", findings},
                           {"base_only", of.base_only},
                           {"head_only", of.head_only},
                           {"notes", of.notes}};
  // A reason may quote what is not UTF-8.
  return whole.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

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
