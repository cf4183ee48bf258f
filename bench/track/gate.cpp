#include "bench/track/gate.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

#include "bench/output/row_reporter.hpp"
#include "bench/track/commits.hpp"
#include "bench/track/compare.hpp"
#include "bench/track/error.hpp"
#include "bench/track/judge.hpp"
#include "bench/track/strict_json.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> members{"series", "metric", "commit", "reason"};

void check_members(const ordered_json& object, std::string_view where) {
  for (const auto& [name, value] : object.items())
    if (std::ranges::find(members, name) == members.end())
      throw track_error{
          fmt::format("{} has '{}', which means nothing: series, metric, commit, reason", where, name)};
}

accepted_regression parse_entry(const ordered_json& entry, const std::string& where) {
  if (!entry.is_object()) throw track_error{where + " is no JSON object"};
  check_members(entry, where);
  accepted_regression one{.series = text_member(entry, "series", where),
                          .metric = text_member(entry, "metric", where),
                          .commit = text_member(entry, "commit", where),
                          .reason = text_member(entry, "reason", where)};
  if (!one.series.starts_with("fetch/"))
    throw track_error{fmt::format("{}: '{}' is not the name of a row (fetch/strategy:…)", where, one.series)};
  if (!find_metric(one.metric))
    throw track_error{fmt::format("{}: there is no metric '{}'", where, one.metric)};
  check_hex(one.commit, 40, where + ": commit");
  if (one.reason.empty() || one_line(one.reason) != one.reason)
    throw track_error{where + ": its reason is not one line of text"};
  return one;
}

}  // namespace

std::vector<accepted_regression> parse_accepted(std::string_view text, const std::string& source) {
  const auto whole = parse_strictly(text, source);
  const auto list = whole.find("accepted");
  if (whole.size() != 1 || list == whole.end() || !list->is_array())
    throw track_error{source + " is not {\"accepted\": [...]}"};
  std::vector<accepted_regression> all;
  for (const auto& entry : *list) {
    const auto where = fmt::format("{}: entry {}", source, all.size() + 1);
    auto one = parse_entry(entry, where);
    if (std::ranges::any_of(all, [&](const accepted_regression& other) {
          return other.series == one.series && other.metric == one.metric && other.commit == one.commit;
        }))
      throw track_error{where + " accepts what an earlier one does"};
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<accepted_regression> read_accepted(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  return parse_accepted(read_input_file(path), path.string());
}

void accept(comparison& of, const std::vector<accepted_regression>& accepted,
            const std::vector<std::string>& commits) {
  for (auto& one : of.findings) {
    if (one.what != verdict::regression) continue;
    const auto found = std::ranges::find_if(accepted, [&](const accepted_regression& other) {
      return other.series == one.series && other.metric == one.metric &&
             std::ranges::find(commits, other.commit) != commits.end();
    });
    if (found != accepted.end()) one.accepted = found->reason;
  }
}

std::string base_of_gate(const repository& sources) {
  const auto head = sources.resolve("HEAD");
  for (const char* line : {"@{upstream}", "origin/main", "main"}) {
    const auto other = sources.find(line);
    if (!other) continue;
    const auto parted = sources.merge_base(head, *other);
    // On that line itself there is only what has not been committed yet.
    if (parted && (*parted != head || sources.is_dirty())) return *parted;
  }
  if (const auto before = sources.find("HEAD~")) return *before;
  sources.resolve("HEAD~");  // says why it is not there: a shallow clone, or the first commit
  throw track_error{"there is no commit to compare with: name one with --against"};
}

comparison run_gate(const std::optional<std::string>& against, const bench_flags& what,
                    const comparison_plan& plan) {
  const auto sources = repository::here();
  const auto accepted = read_accepted(sources.root() / "results" / "accepted.json");
  const auto base = against ? *against : base_of_gate(sources);
  auto made = compare_commits(base, "HEAD", what, plan);
  accept(made, accepted, sources.commits_between(made.base.commit, made.head.commit));
  return made;
}

}  // namespace farebench::track
