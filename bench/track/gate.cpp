#include "bench/track/gate.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

#include "bench/output/rows.hpp"
#include "bench/track/commits.hpp"
#include "bench/track/compare.hpp"
#include "bench/track/error.hpp"
#include "bench/track/judge.hpp"
#include "bench/track/strict_json.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;

void check_members(const ordered_json& object, std::string_view where) {
  constexpr std::array<std::string_view, 4> members{"series", "metric", "commit", "reason"};
  for (const auto& [name, value] : object.items())
    if (std::ranges::find(members, name) == members.end())
      throw track_error{
          fmt::format("{} has an unknown member '{}' (valid: series, metric, commit, reason)", where, name)};
}

accepted_regression parse_entry(const ordered_json& entry, const std::string& where) {
  if (!entry.is_object()) throw track_error{where + " is not a JSON object"};
  check_members(entry, where);
  accepted_regression accepted{.series = text_member(entry, "series", where),
                               .metric = text_member(entry, "metric", where),
                               .commit = text_member(entry, "commit", where),
                               .reason = text_member(entry, "reason", where)};
  if (!accepted.series.starts_with("fetch/")) {
    throw track_error{
        fmt::format("{}: series '{}' is not the name of a row (fetch/strategy:…)", where, accepted.series)};
  }
  if (!find_metric(accepted.metric))
    throw track_error{fmt::format("{}: unknown metric '{}'", where, accepted.metric)};
  check_hex(accepted.commit, 40, where + ": commit");
  if (accepted.reason.empty() || one_line(accepted.reason) != accepted.reason)
    throw track_error{where + ": reason is not one line of text"};
  return accepted;
}

}  // namespace

std::vector<accepted_regression> parse_accepted(std::string_view text, const std::string& source) {
  const auto file = parse_strictly(text, source);
  const auto list = file.find("accepted");
  if (file.size() != 1 || list == file.end() || !list->is_array())
    throw track_error{source + " is not {\"accepted\": [...]}"};
  std::vector<accepted_regression> all;
  for (const auto& entry : *list) {
    const auto where = fmt::format("{}: entry {}", source, all.size() + 1);
    auto accepted = parse_entry(entry, where);
    if (std::ranges::any_of(all, [&](const accepted_regression& other) {
          return other.series == accepted.series && other.metric == accepted.metric &&
                 other.commit == accepted.commit;
        }))
      throw track_error{where + " repeats an earlier entry"};
    all.push_back(std::move(accepted));
  }
  return all;
}

std::vector<accepted_regression> read_accepted(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  return parse_accepted(read_input_file(path), path.string());
}

void accept(comparison& result, const std::vector<accepted_regression>& accepted,
            const std::vector<std::string>& commits) {
  for (auto& found : result.findings) {
    if (found.verdict != verdict::regression) continue;
    const auto match = std::ranges::find_if(accepted, [&](const accepted_regression& entry) {
      return entry.series == found.series && entry.metric == found.metric &&
             std::ranges::find(commits, entry.commit) != commits.end();
    });
    if (match != accepted.end()) found.acceptance = match->reason;
  }
}

std::string base_of_gate(const repository& sources) {
  const auto head = sources.resolve("HEAD");
  for (const char* branch : {"@{upstream}", "origin/main", "main"}) {
    const auto commit = sources.find(branch);
    if (!commit) continue;
    const auto base = sources.merge_base(head, *commit);
    if (base && (*base != head || sources.is_dirty())) return *base;
  }
  // Throws for the first commit and in a shallow clone.
  return sources.resolve("HEAD~");
}

comparison run_gate(const std::optional<std::string>& against, const bench_flags& workload,
                    const comparison_plan& plan) {
  const auto sources = repository::open();
  const auto accepted = read_accepted(sources.root() / "results" / "accepted.json");
  auto result = compare_commits(against ? *against : base_of_gate(sources), "HEAD", workload, plan);
  accept(result, accepted, sources.commits_between(result.base.commit, result.head.commit));
  return result;
}

}  // namespace farebench::track
