#include "bench/track/merge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "bench/track/error.hpp"
#include "bench/track/result_file.hpp"
#include "bench/track/strict_json.hpp"
#include "lib/system/shard.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

/// Members of the context that all shards of a run share.
constexpr std::array common_members{"commit",     "dirty",   "farebench_version", "build_type",
                                    "compiler",   "flags",   "sanitizers",        "workload",
                                    "engine",     "latency", "page_kb",           "days",
                                    "first_date", "seed",    "run_cases",         "run_digest"};

/// A shard's context, and the file that it is from.
struct shard_facts {
  ordered_json context;
  std::string source;
};

/// A row, and its place in the run.
struct placed_row {
  std::size_t position;
  /// Within its case: order in its file.
  std::size_t order;
  /// Index of its shard.
  std::size_t part;
  /// Of its case.
  std::string name;
  ordered_json members;
};

std::size_t count_in_context(const ordered_json& context, const char* name, const std::string& source) {
  const auto where = source + ": context";
  const auto text = text_member(context, name, where);
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size())
    throw track_error{fmt::format("{}: '{}' is not a number: '{}'", where, name, text)};
  return count;
}

shard parse_part(const std::string& text, const std::string& where) {
  const auto part = parse_shard(text);
  // "auto" is for command lines.
  if (!part || text != to_string(*part))
    throw track_error{fmt::format("{}: '{}' is not a shard", where, text)};
  return *part;
}

/// Returns the context of each shard of a file.
std::vector<ordered_json> contexts_of(const ordered_json& context, const std::string& source) {
  if (context.contains("shard")) return {context};
  if (!context.contains("shards"))
    throw track_error{source + " is not a shard: it was measured without --shard"};
  std::vector<ordered_json> contexts;
  const auto where = source + ": context";
  for (const auto& own : list_member(context, "shards", where)) {
    text_member(own, "shard", source + ": a shard of the context");
    auto whole = context;
    whole.erase("shards");
    whole.update(own);
    contexts.push_back(std::move(whole));
  }
  if (contexts.empty()) throw track_error{source + " is not a shard: its list of shards is empty"};
  return contexts;
}

/// Returns "1, 2 and 5".
std::string listed(const std::vector<std::size_t>& numbers) {
  if (numbers.size() == 1) return std::to_string(numbers.front());
  return fmt::format("{} and {}", fmt::join(numbers.begin(), numbers.end() - 1, ", "), numbers.back());
}

class merger {
 public:
  void add(shard_file file) {
    const auto& source = file.source;
    const auto& context = required_member(file.whole, "context", source);
    auto& rows = file.whole["benchmarks"];
    list_member(file.whole, "benchmarks", source);
    // A shard beyond the number of comparison groups.
    if (!rows.empty() || optional_text_member(context, "shard_cases", source + ": context") != "0")
      read_result(file.whole, source);
    for (auto& own : contexts_of(context, source)) add_shard(std::move(own), source);
    add_schema(required_member(file.whole, "schema", source), source + ": schema");
    for (std::size_t i = 0; i < rows.size(); ++i)
      add_row(std::move(rows[i]), context, fmt::format("{}: row {}", source, i + 1));
  }

  ordered_json merged(bool is_partial) {
    if (!is_partial) check_all_shards();
    std::ranges::sort(rows_, {}, [](const placed_row& row) { return std::pair{row.position, row.order}; });
    check_cases(is_partial);
    return {{"schema", merged_schema()}, {"context", merged_context()}, {"benchmarks", merged_rows()}};
  }

 private:
  void add_shard(ordered_json context, const std::string& source) {
    const auto where = source + ": context";
    const auto text = text_member(context, "shard", where);
    const auto part = parse_part(text, where);
    text_member(context, "machine_id", where);
    if (const auto interrupted = optional_text_member(context, "interrupted", where); !interrupted.empty())
      throw track_error{
          fmt::format("{}: shard {} was interrupted {}: run it again", source, text, interrupted)};
    if (shards_.empty()) {
      count_ = part.count;
    } else {
      const auto& [first_context, first_source] = shards_.begin()->second;
      if (part.count != count_)
        throw track_error{fmt::format("{} has shard {} and {} one of {}: name the shards of one run", source,
                                      text, first_source, count_)};
      for (const char* name : common_members) {
        const auto value = optional_text_member(context, name, where);
        const auto first = optional_text_member(first_context, name, first_source + ": context");
        if (value != first)
          throw track_error{fmt::format("{} and {} are not of one run: their {} differs ('{}'; '{}')",
                                        first_source, source, name, first, value)};
      }
    }
    const auto [other, is_new] = shards_.try_emplace(part.index, std::move(context), source);
    if (!is_new)
      throw track_error{
          fmt::format("shard {} is in {} and in {}: name one of them", text, other->second.source, source)};
  }

  void add_schema(const ordered_json& schema, const std::string& where) {
    const auto& columns = list_member(schema, "columns", where);
    if (columns_.is_null()) {
      version_ = required_member(schema, "version", where);
      columns_ = columns;
    } else if (columns_ != columns) {
      throw track_error{where + ": its columns differ from those of the other files"};
    }
    for (const auto& facts : list_member(schema, "strategies", where)) {
      const auto name = text_member(facts, "name", where);
      const auto [known, is_new] = strategies_.try_emplace(name, facts);
      if (known->second != facts)
        throw track_error{
            fmt::format("{}: its facts about '{}' differ from those of the other files", where, name)};
    }
  }

  void add_row(ordered_json row, const ordered_json& context, const std::string& where) {
    for (const char* name : {"shard", "machine_id"})
      if (!row.contains(name)) row[name] = required_member(context, name, where);
    const auto part = parse_part(text_member(row, "shard", where), where);
    if (part.count != count_ || !shards_.contains(part.index))
      throw track_error{fmt::format("{}: its file has no shard {}", where, to_string(part))};
    text_member(row, "strategy", where);
    count_member(row, "repetitions", where);
    rows_.push_back({.position = count_member(row, "family_index", where),
                     .order = rows_.size(),
                     .part = part.index,
                     .name = text_member(row, "run_name", where),
                     .members = std::move(row)});
  }

  void check_all_shards() const {
    std::vector<std::size_t> missing;
    for (std::size_t index = 1; index <= count_; ++index)
      if (!shards_.contains(index)) missing.push_back(index);
    if (missing.empty()) return;
    throw track_error{fmt::format(
        "shard{} {} of {} {} missing: name {} file{}, or merge a part with --partial",
        missing.size() == 1 ? "" : "s", listed(missing), count_, missing.size() == 1 ? "is" : "are",
        missing.size() == 1 ? "its" : "their", missing.size() == 1 ? "" : "s")};
  }

  std::string title(std::size_t part) const { return to_string(shard{.index = part, .count = count_}); }

  /// Checks that each shard has its cases with all repetitions, and that no two cases have one place.
  void check_cases(bool is_partial) const {
    std::map<std::size_t, std::size_t> cases_of_shard;
    for (auto begin = rows_.begin(); begin != rows_.end();) {
      const auto is_of_case = [&](const placed_row& row) { return row.position == begin->position; };
      const auto end = std::find_if_not(begin, rows_.end(), is_of_case);
      std::size_t repetitions = 0;
      for (auto row = begin; row != end; ++row) {
        if (row->name != begin->name || row->part != begin->part) {
          throw track_error{
              fmt::format("shard {} has '{}' in the place of '{}' of shard {}: name the shards of one run",
                          title(row->part), row->name, begin->name, title(begin->part))};
        }
        if (row->members.at("run_type") == "iteration") ++repetitions;
      }
      const auto expected = count_member(begin->members, "repetitions", begin->name);
      if (repetitions != expected)
        throw track_error{fmt::format("shard {} has {} of {} repetitions of '{}': run it again",
                                      title(begin->part), repetitions, expected, begin->name)};
      ++cases_of_shard[begin->part];
      begin = end;
    }
    std::size_t cases = 0;
    for (const auto& [index, facts] : shards_) {
      const auto expected = count_in_context(facts.context, "shard_cases", facts.source);
      if (cases_of_shard[index] != expected)
        throw track_error{fmt::format("{}: shard {} has {} of {} cases: run it again", facts.source,
                                      title(index), cases_of_shard[index], expected)};
      cases += expected;
    }
    const auto& [first, source] = shards_.begin()->second;
    const auto all = count_in_context(first, "run_cases", source);
    if (!is_partial && cases != all)
      throw track_error{
          fmt::format("the shards have {} cases, and their run {}: name the shards of one run", cases, all)};
  }

  /// Strategies in the order of their first row.
  ordered_json merged_schema() const {
    ordered_json schema{{"version", version_}, {"columns", columns_}, {"strategies", ordered_json::array()}};
    std::set<std::string> added;
    for (const auto& row : rows_) {
      const auto name = row.members.at("strategy").get<std::string>();
      if (const auto facts = strategies_.find(name); facts != strategies_.end() && added.insert(name).second)
        schema["strategies"].push_back(facts->second);
    }
    return schema;
  }

  ordered_json merged_context() const {
    // Sorted, because the order of members must not depend on that of the files.
    std::map<std::string, ordered_json> shared;
    const auto& first = shards_.begin()->second.context;
    for (const auto& [name, value] : first.items()) {
      const bool is_shared = name != "shard" && std::ranges::all_of(shards_, [&](const auto& one) {
                               const auto found = one.second.context.find(name);
                               return found != one.second.context.end() && *found == value;
                             });
      if (is_shared) shared.emplace(name, value);
    }
    ordered_json context(shared);
    auto& shards = context["shards"] = ordered_json::array();
    for (const auto& [index, facts] : shards_) {
      std::map<std::string, ordered_json> own;
      for (const auto& [name, value] : facts.context.items())
        if (!shared.contains(name)) own.emplace(name, value);
      shards.push_back(own);
    }
    return context;
  }

  ordered_json merged_rows() {
    auto rows = ordered_json::array();
    for (auto& row : rows_) rows.push_back(std::move(row.members));
    return rows;
  }

  std::size_t count_ = 0;
  /// By index.
  std::map<std::size_t, shard_facts> shards_;
  ordered_json version_;
  ordered_json columns_;
  /// By name.
  std::map<std::string, ordered_json> strategies_;
  std::vector<placed_row> rows_;
};

/// Returns the text of the merged timelines. Throws track_error if a result has none beside it, or its
/// interval between samples differs from that of the others.
std::string merged_timelines(const std::vector<fs::path>& results, const ordered_json& merged) {
  for (const auto& result : results)
    if (!exists(timeline_path(result)))
      throw track_error{fmt::format("there is no {}", timeline_path(result).string())};
  const auto known = read_result(merged, "the merged result");
  std::map<std::string, std::size_t> position_of;
  for (const auto& one : known.cases) position_of.emplace(one.parameters.name(), position_of.size());
  std::optional<double> sample_every_ms;
  std::vector<std::pair<std::size_t, ordered_json>> curves;
  for (const auto& result : results) {
    const auto path = timeline_path(result);
    // Checks the file.
    const auto interval = read_timeline(path, known).sample_every_ms;
    if (sample_every_ms.value_or(interval) != interval)
      throw track_error{
          fmt::format("{} has another interval between samples: {} ms", path.string(), interval)};
    sample_every_ms = interval;
    auto whole = parse_strictly(read_input_file(path), path.string());
    for (auto& curve : whole["curves"]) {
      const auto position = position_of.at(curve["name"].get<std::string>());
      curves.emplace_back(position, std::move(curve));
    }
  }
  std::ranges::stable_sort(curves, {}, &std::pair<std::size_t, ordered_json>::first);
  std::string lines;
  for (const auto& [position, curve] : curves)
    lines += fmt::format("{}\n{}", lines.empty() ? "" : ",", ascii_json(curve));
  return fmt::format("{{\"timeline\": 1, \"sample_every_ms\": {}, \"curves\": [{}\n]}}\n", *sample_every_ms,
                     lines);
}

}  // namespace

ordered_json merge_shards(std::vector<shard_file> files, bool is_partial) {
  merger all;
  for (auto& file : files) all.add(std::move(file));
  return all.merged(is_partial);
}

merged_run merge_files(const std::vector<fs::path>& paths, bool is_partial) {
  std::vector<shard_file> files;
  std::vector<fs::path> with_rows;
  files.reserve(paths.size());
  for (const auto& path : paths) {
    files.push_back({.source = path.string(), .whole = parse_strictly(read_input_file(path), path.string())});
    const auto rows = files.back().whole.find("benchmarks");
    if (rows != files.back().whole.end() && !rows->empty()) with_rows.push_back(path);
  }
  merged_run run{.result = merge_shards(std::move(files), is_partial)};
  try {
    if (!with_rows.empty()) run.timeline = merged_timelines(with_rows, run.result);
  } catch (const track_error& error) {
    run.timeline_error = error.what();
  }
  return run;
}

}  // namespace farebench::track
