#include "bench/track/comparison_output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/output/markdown.hpp"
#include "bench/output/text_table.hpp"
#include "bench/track/result_file.hpp"
#include "bench/track/strict_json.hpp"
#include "lib/system/command_line.hpp"

namespace farebench::track {
namespace {

constexpr const char* absent = "–";

/// A part of the output: findings of one verdict.
struct section {
  track::verdict verdict;
  bool is_accepted;
  std::string_view title;

  bool contains(const finding& found) const {
    return found.verdict == verdict && found.acceptance.empty() != is_accepted;
  }
};

constexpr std::array<section, 5> sections{{{verdict::regression, false, "Regressions"},
                                           {verdict::regression, true, "Accepted regressions"},
                                           {verdict::cannot_tell, false, "Cannot tell"},
                                           {verdict::improvement, false, "Improvements"},
                                           {verdict::same, false, "The same"}}};

std::string label_of(const finding& found) {
  const auto* const known = find_metric(found.metric);
  return std::string{known ? known->label : found.metric};
}

/// "46.1 ms ± 2 %".
std::string side_cell(const finding& found, const std::optional<side_summary>& side) {
  const auto* const known = find_metric(found.metric);
  if (!side || !known) return absent;
  return fmt::format("{} ± {:.1f} %", figure_text(*known, side->median), 100 * side->spread);
}

/// Without "-0.0".
std::string signed_percent(double share) {
  return std::abs(100 * share) < 0.05 ? "0.0" : fmt::format("{:+.1f}", 100 * share);
}

/// "+15.2 %", "+15.2 % [+14.1, +16.0]".
std::string change_cell(const finding& found) {
  if (!found.change) return absent;
  auto text = signed_percent(*found.change) + " %";
  if (found.low && found.high)
    text += fmt::format(" [{}, {}]", signed_percent(*found.low), signed_percent(*found.high));
  return text;
}

std::string reason_cell(const finding& found) {
  return found.acceptance.empty() ? found.reason
                                  : fmt::format("{}; accepted: {}", found.reason, found.acceptance);
}

/// "coroutines with 20 workers", or the series if it is not the name of a row.
std::string short_name(const std::string& series) {
  const auto row = parse_case_name(series);
  return row ? fmt::format("{} with {} workers", row->label(), row->workers) : series;
}

/// "2 of 65 got worse: time of A, heap peak of B." Empty if none match.
template <typename Predicate>
std::string sentence(const comparison& of, std::string_view predicate, Predicate matches) {
  constexpr std::size_t max_names = 3;
  std::vector<std::string> names;
  for (const auto& found : of.findings)
    if (matches(found)) names.push_back(fmt::format("{} of {}", label_of(found), short_name(found.series)));
  if (names.empty()) return {};
  const auto count = names.size();
  if (count > max_names) {
    names.resize(max_names);
    names.push_back(fmt::format("{} more", count - max_names));
  }
  return printable(
      fmt::format("{} of {} {}: {}.", count, of.findings.size(), predicate, fmt::join(names, ", ")));
}

std::string plural(std::size_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

}  // namespace

std::string headline(const comparison& of) {
  auto text = sentence(of, "got worse", [](const finding& found) {
    return found.verdict == verdict::regression && found.acceptance.empty();
  });
  if (text.empty()) text = "Nothing got worse.";
  const auto untold = sentence(of, "cannot be told",
                               [](const finding& found) { return found.verdict == verdict::cannot_tell; });
  return untold.empty() ? text : text + ' ' + untold;
}

std::string commit_text(const compared_side& side) {
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

namespace {

using table_line = std::array<std::string, 5>;

table_line line_of(const finding& found) {
  return {"  " + label_of(found), side_cell(found, found.base), side_cell(found, found.head),
          change_cell(found), printable(reason_cell(found))};
}

/// Returns "122a93aeb02b, program 0123456789ab", or the version and command of a client:
/// "aiohttp 3.8.4: python3 client.py".
std::string program_text(const compared_side& side) {
  if (side.command.empty() && side.program_sha256.empty()) return commit_text(side);
  if (side.command.empty())
    return fmt::format("{}, program {}", commit_text(side), side.program_sha256.substr(0, 12));
  return printable(side.version.empty() ? side.command : fmt::format("{}: {}", side.version, side.command));
}

/// Returns the sections with a finding per line, aligned.
std::string findings_table(const comparison& of, same_findings same) {
  const table_line head{"metric", "base", "head", "change", "reason"};
  std::array<std::size_t, 4> widths{};
  const auto widen = [&](const table_line& line) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], text_width(line[i]));
  };
  const auto aligned = [&](const table_line& line) {
    return fmt::format("{:<{}}  {:>{}}  {:>{}}  {:>{}}  {}\n", line[0], widths[0], line[1], widths[1],
                       line[2], widths[2], line[3], widths[3], line[4]);
  };
  widen(head);
  for (const auto& found : of.findings) widen(line_of(found));
  std::string text = aligned(head);
  for (const auto& part : sections) {
    if (part.verdict == verdict::same && same == same_findings::counted) continue;
    const std::string* series = nullptr;
    for (const auto& found : of.findings) {
      if (!part.contains(found)) continue;
      if (!series) text += fmt::format("\n{}\n", part.title);
      if (!series || *series != found.series) text += printable(found.series) + '\n';
      series = &found.series;
      text += aligned(line_of(found));
    }
  }
  return text;
}

}  // namespace

std::string comparison_table(const comparison& of, same_findings same) {
  std::string text = headline(of) + "\n\n";
  for (const auto& [title, side] : {std::pair{"base", &of.base}, {"head", &of.head}})
    text += fmt::format("{}  {}  {}\n", title, printable(side->name), program_text(*side));
  text += fmt::format("on    {}\n\n{}\n", printable(of.machine), findings_table(of, same));
  for (const auto& [title, names] : {std::pair{"base", &of.base_only}, {"head", &of.head_only}})
    for (const auto& name : *names) text += fmt::format("only in {}: {}\n", title, printable(name));
  for (const auto& note : of.notes) text += fmt::format("note: {}\n", printable(note));
  return text + verdict_counts(of) + '\n';
}

namespace {

using nlohmann::ordered_json;

ordered_json side_json(const compared_side& side) {
  ordered_json out{{"name", side.name}};
  if (side.command.empty())
    out.update({{"commit", side.commit}, {"dirty", side.dirty}, {"program_sha256", side.program_sha256}});
  else
    out["command"] = side.command;
  if (!side.version.empty()) out["version"] = side.version;
  return out;
}

void add(ordered_json& object, const char* name, const std::optional<double>& value) {
  if (value) object[name] = *value;
}

ordered_json finding_json(const finding& found) {
  ordered_json out{{"series", found.series}, {"metric", found.metric}, {"verdict", to_string(found.verdict)}};
  for (const auto& [name, side] : {std::pair{"base", &found.base}, {"head", &found.head}})
    if (*side) out[name] = {{"median", (*side)->median}, {"spread", (*side)->spread}};
  add(out, "change", found.change);
  add(out, "change_low", found.low);
  add(out, "change_high", found.high);
  if (found.low) out["confidence"] = found.confidence;
  out["floor"] = found.floor;
  add(out, "smallest_seen", found.min_detectable);
  out["why"] = found.reason;
  if (!found.acceptance.empty()) out["accepted"] = found.acceptance;
  return out;
}

}  // namespace

std::string comparison_json(const comparison& of) {
  auto findings = ordered_json::array();
  for (const auto& found : of.findings) findings.push_back(finding_json(found));
  auto steps = ordered_json::array();
  for (const auto& step : of.steps) steps.push_back({{"name", step.name}, {"seconds", step.seconds}});
  const ordered_json whole{{"format", "farebench-comparison 1"},
                           {"base", side_json(of.base)},
                           {"head", side_json(of.head)},
                           {"machine", of.machine},
                           {"from_files", of.is_from_files},
                           {"same_program", of.is_of_one_program()},
                           {"headline", headline(of)},
                           {"regressions", count(of, verdict::regression)},
                           {"accepted", count(of, verdict::regression) - count_unaccepted(of)},
                           {"improvements", count(of, verdict::improvement)},
                           {"same", count(of, verdict::same)},
                           {"cannot_tell", count(of, verdict::cannot_tell)},
                           {"findings", findings},
                           {"base_only", of.base_only},
                           {"head_only", of.head_only},
                           {"notes", of.notes},
                           {"steps", steps}};
  return ascii_json(whole, 1) + "\n";
}

namespace {

/// Returns "`HEAD~` (122a93aeb02b)", or "`A` (aiohttp 3.8.4: `python3 client.py`)" of a client.
std::string markdown_side(const compared_side& side) {
  const auto version = side.version.empty() ? "" : markdown_text(side.version) + ": ";
  return fmt::format("{} ({})", markdown_code(side.name),
                     side.command.empty() ? commit_text(side) : version + markdown_code(side.command));
}

std::string markdown_row(const finding& found) {
  std::string result{to_string(found.verdict)};
  if (found.verdict == verdict::regression)
    result = found.acceptance.empty() ? "**regression**" : "regression (accepted)";
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", markdown_code_cell(found.series),
                     label_of(found), side_cell(found, found.base), side_cell(found, found.head),
                     change_cell(found), result, markdown_text(reason_cell(found)));
}

constexpr std::string_view table_head =
    "| series | metric | base | head | change | verdict | reason |\n|---|---|--:|--:|--:|---|---|\n";

/// Adds lines up to a size of the whole text.
class limited_text {
 public:
  void add(std::string_view text) { text_ += text; }
  /// Counts the line instead if the text is full.
  void add_line(const std::string& line) {
    if (text_.size() + line.size() > max_summary_bytes) {
      ++omitted_;
    } else {
      text_ += line;
    }
  }
  /// Returns the text, with the number of omitted lines if there are any.
  std::string finish() && {
    if (omitted_ > 0)
      text_ += fmt::format("\n{} omitted: the output of track has them.\n", plural(omitted_, "line"));
    return std::move(text_);
  }

 private:
  std::string text_;
  std::size_t omitted_ = 0;
};

/// Adds a table of the findings of one verdict that opens on a click.
void add_collapsed(limited_text& text, const comparison& of, track::verdict verdict, std::string_view title) {
  if (count(of, verdict) == 0) return;
  text.add(fmt::format("\n<details>\n<summary>{} {}</summary>\n\n{}", count(of, verdict), title, table_head));
  for (const auto& found : of.findings)
    if (found.verdict == verdict) text.add_line(markdown_row(found));
  text.add("\n</details>\n");
}

/// Returns text as one word of a shell.
std::string shell_word(std::string_view text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./^-";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos) return std::string{text};
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + '\'';
}

}  // namespace

std::string command_of(const comparison& of, std::span<const std::string> bench_flags) {
  std::string command = "track compare";
  for (const auto* side : {&of.base, &of.head}) {
    if (!side->command.empty()) {
      command += " --client " + shell_word(fmt::format("{}={}", side->name, side->command));
    } else if (of.is_from_files) {
      command += ' ' + shell_word(side->name);
    } else {
      // Changes exist in the working tree only.
      command += ' ' + (side->dirty ? "." : side->commit.substr(0, 12));
    }
  }
  if (!bench_flags.empty()) command += " --";
  for (const auto& flag : bench_flags) command += ' ' + shell_word(flag);
  return command;
}

std::string comparison_markdown(const comparison& of, std::string_view command) {
  limited_text text;
  text.add(fmt::format("### {}\n\n{} → {}, on {}: {}.\n\nTo repeat it: {}\n", markdown_text(headline(of)),
                       markdown_side(of.base), markdown_side(of.head), markdown_text(of.machine),
                       verdict_counts(of), markdown_code(command)));
  bool is_first = true;
  for (const auto& part : sections) {
    for (const auto& found : of.findings) {
      if (!part.contains(found) || !is_flagged(found)) continue;
      if (std::exchange(is_first, false)) text.add(fmt::format("\n{}", table_head));
      text.add_line(markdown_row(found));
    }
  }
  add_collapsed(text, of, verdict::cannot_tell, "cannot be told");
  is_first = true;
  const auto add_item = [&](const std::string& item) {
    if (std::exchange(is_first, false)) text.add("\n");
    text.add_line(fmt::format("- {}\n", item));
  };
  for (const auto& name : of.base_only) add_item("only in base: " + markdown_code(name));
  for (const auto& name : of.head_only) add_item("only in head: " + markdown_code(name));
  for (const auto& note : of.notes) add_item(markdown_text(note));
  add_collapsed(text, of, verdict::same, "the same");
  return std::move(text).finish();
}

std::string failed_comparison_markdown(std::string_view reason) {
  return fmt::format("### Nothing was compared\n\n{}\n", markdown_text(reason));
}

}  // namespace farebench::track
