#include "bench/track/recordings.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <system_error>

#include "bench/track/error.hpp"
#include "bench/track/strict_json.hpp"

namespace farebench::track {

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error{"OpenSSL computes no SHA-256"};
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

namespace {

using nlohmann::ordered_json;

// Version 2 has a schema, version 1 has none.
constexpr std::string_view format_1 = "farebench-run 1";
constexpr std::string_view format_2 = "farebench-run 2";
constexpr std::string_view checksum_member = "sha256";

/// Returns the checksum of all members except the checksum itself, in the order of the file.
std::string checksum_of(ordered_json context, const ordered_json& rows, const ordered_json& schema) {
  context.erase(std::string{checksum_member});
  ordered_json whole;
  if (!schema.is_null()) whole["schema"] = schema;
  whole["context"] = std::move(context);
  whole["benchmarks"] = rows;
  return sha256(whole.dump());
}

/// Texts that comparisons depend on, besides those of recording_facts.
constexpr std::array required_texts{"engine",     "workload",   "latency", "page_kb",   "days",
                                    "first_date", "build_type", "flags",   "sanitizers"};

/// Returns a date of ISO 8601 ("2026-11-24T20:15:30+01:00") in UTC.
std::string utc_date(const std::string& text, const std::string& where) {
  int year = 0;
  unsigned int month = 0;
  unsigned int day = 0;
  std::array<int, 3> time{};
  std::array<char, 2> sign{"+"};
  std::array<int, 2> zone{};
  int end = 0;
  const int found = std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &year, &month, &day, &time[0],
                                &time[1], &time[2], &end);
  auto rest = text.substr(static_cast<std::size_t>(end));
  if (rest.starts_with('.')) rest.erase(0, rest.find_first_not_of("0123456789", 1));
  const bool has_zone =
      rest == "Z" || std::sscanf(rest.c_str(), "%1[+-]%2d:%2d", sign.data(), &zone[0], &zone[1]) == 3;
  const auto date = std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day};
  const auto is_in = [](int value, int max) { return value >= 0 && value <= max; };
  // A minute can have a leap second.
  const bool is_time = is_in(time[0], 23) && is_in(time[1], 59) && is_in(time[2], 60) && is_in(zone[0], 23) &&
                       is_in(zone[1], 59);
  if (found != 6 || !has_zone || !date.ok() || !is_time)
    throw track_error{fmt::format("{} is not a date with time and zone: '{}'", where, text)};
  const std::chrono::minutes offset{(sign[0] == '-' ? -1 : 1) * (60 * zone[0] + zone[1])};
  const auto utc = std::chrono::sys_days{date} + std::chrono::hours{time[0]} + std::chrono::minutes{time[1]} +
                   std::chrono::seconds{time[2]} - offset;
  return fmt::format("{:%FT%TZ}", fmt::gmtime(static_cast<std::time_t>(utc.time_since_epoch().count())));
}

std::string hex_member(const ordered_json& context, std::string_view name, std::size_t digits,
                       const std::string& where) {
  auto text = text_member(context, name, where);
  check_hex(text, digits, fmt::format("{}: {}", where, name));
  return text;
}

recording_facts facts_of(const ordered_json& context, const std::string& where) {
  const auto number = [&](std::string_view name) { return number_member(context, name, where); };
  const auto figure = [&](const char* name) { return figure_member(context, name, where, false); };
  recording_facts facts{.id = {},
                        .machine = text_member(context, "machine", where),
                        .commit = hex_member(context, "commit", 40, where),
                        .parents = {},
                        .subject = optional_text_member(context, "subject", where),
                        .commit_date = {},
                        .recorded = utc_date(text_member(context, "date", where), where + ": date"),
                        .program = hex_member(context, "program_sha256", 64, where),
                        .compiler = text_member(context, "compiler", where),
                        .canary = {figure("canary"), figure("canary_after")},
                        .load = {number("load_before"), number("load_after")},
                        .steal_percent = number("steal_percent")};
  for (const auto& parent : list_member(context, "parents", where)) {
    check_hex(parent.is_string() ? parent.get<std::string>() : quoted(parent), 40, where + ": a parent");
    facts.parents.push_back(parent.get<std::string>());
  }
  if (const auto date = optional_text_member(context, "commit_date", where); !date.empty())
    facts.commit_date = utc_date(date, where + ": commit_date");
  const auto dirty = text_member(context, "dirty", where);
  facts.is_dirty = dirty == "true";
  if (dirty != "true" && dirty != "false")
    throw track_error{fmt::format("{}: dirty is neither 'true' nor 'false': '{}'", where, dirty)};
  return facts;
}

/// Requires what `track record` writes and a result file may lack.
void check_row(const ordered_json& row, const std::string& where) {
  if (!text_member(row, "name", where).ends_with("/iterations:1/manual_time"))
    throw track_error{
        fmt::format("{}: '{}' is not the name of a row of bench", where, row["name"].get<std::string>())};
  if (text_member(row, "run_type", where) != "iteration")
    throw track_error{where + " is no repetition: its run_type is not 'iteration'"};
  if (const auto unit = text_member(row, "time_unit", where); unit != "ms")
    throw track_error{fmt::format("{}: its time_unit is not 'ms': '{}'", where, unit)};
}

}  // namespace

std::string recorded_run::setting() const {
  std::string text;
  for (const char* name : setting_members)
    if (const auto found = context.find(name); found != context.end())
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, found->second);
  return text;
}

std::string recorded_run::processors() const {
  const auto text_of = [&](const char* name) {
    const auto found = context.find(name);
    return found == context.end() ? std::string{"unknown"} : found->second;
  };
  const auto cores = result.context.find("num_cpus");
  auto text = fmt::format("{}, {} cores, {} usable", text_of("cpu_model"),
                          cores == result.context.end() ? "unknown" : cores->dump(), text_of("usable_cpus"));
  if (context.contains("cpu_quota")) text += fmt::format(", quota {}", text_of("cpu_quota"));
  // "Linux 6.18.44 x86_64" → "Linux 6.18".
  const auto kernel = text_of("kernel");
  return text + ", " + kernel.substr(0, kernel.find('.', kernel.find('.') + 1));
}

const case_result* recorded_run::find(const std::string& series) const {
  const auto found = std::ranges::find_if(
      result.cases, [&](const case_result& one) { return one.parameters.name() == series; });
  return found == result.cases.end() ? nullptr : &*found;
}

std::string recorded_text(ordered_json context, const ordered_json& rows, const ordered_json& schema) {
  context["format"] = schema.is_null() ? format_1 : format_2;
  context[std::string{checksum_member}] = checksum_of(context, rows, schema);
  std::string text = "{\n";
  if (!schema.is_null()) text += fmt::format("\"schema\": {},\n", schema.dump());
  text += fmt::format("\"context\": {},\n\"benchmarks\": [", context.dump(1));
  for (std::size_t i = 0; i < rows.size(); ++i)
    text += fmt::format("{}\n{}", i == 0 ? "" : ",", rows[i].dump());
  return text + "\n]\n}\n";
}

bool is_recording(const ordered_json& whole) {
  const auto context = whole.find("context");
  return context != whole.end() && context->is_object() && context->contains("format");
}

recorded_run read_recording(const ordered_json& whole, const std::string& source) {
  const ordered_json none;
  const auto schema = whole.contains("schema") ? whole["schema"] : none;
  const std::string where = source + ": context";
  if (!whole.contains("context") || !whole.contains("benchmarks"))
    throw track_error{source + " is no result file: it has no context and benchmarks"};
  const auto& context = whole["context"];
  if (!is_recording(whole))
    throw track_error{source + " is not of track record: its context has no 'format'"};
  const auto format = text_member(context, "format", where);
  if (format != (schema.is_null() ? format_1 : format_2))
    throw track_error{
        fmt::format("{} is of another format, '{}': this track reads '{}', and '{}' with a schema", source,
                    format, format_1, format_2)};
  for (const char* name : required_texts) text_member(context, name, where);
  recorded_run run{.result = {}, .context = {}, .facts = facts_of(context, where)};
  run.facts.id = std::filesystem::path{source}.stem().string();
  for (const auto& [name, value] : context.items())
    if (value.is_string()) run.context[name] = value.get<std::string>();
  const auto& rows = list_member(whole, "benchmarks", source);
  for (std::size_t i = 0; i < rows.size(); ++i) check_row(rows[i], fmt::format("{}: row {}", source, i + 1));
  run.result = read_result(whole, source);
  if (text_member(context, checksum_member, where) != checksum_of(context, rows, schema))
    throw track_error{source + " was changed after it was recorded: its checksum (sha256) differs"};
  return run;
}

recorded_run parse_recorded_run(std::string_view text, const std::string& source) {
  return read_recording(parse_strictly(text, source), source);
}

recorded_run read_recorded_run(const std::filesystem::path& path) {
  return parse_recorded_run(read_input_file(path), path.string());
}

namespace {

/// Reads a result file of bench.
recorded_run read_bench_result(const ordered_json& whole, const std::string& source) {
  recorded_run run{.result = read_result(whole, source), .context = {}, .facts = {}, .is_recording = false};
  const std::string where = source + ": context";
  for (const char* name : required_texts) text_member(run.result.context, name, where);
  for (const auto& [name, value] : run.result.context.items())
    if (value.is_string()) run.context[name] = value.get<std::string>();
  run.facts.id = std::filesystem::path{source}.stem().string();
  const auto machines = run.result.machines.size();
  run.facts.machine = machines == 1 ? run.processors() : fmt::format("{} machines", machines);
  run.facts.commit = text_member(run.result.context, "commit", where);
  run.facts.is_dirty = optional_text_member(run.result.context, "dirty", where) == "true";
  return run;
}

}  // namespace

recorded_run read_comparable_run(const std::filesystem::path& path) {
  const auto whole = parse_strictly(read_input_file(path), path.string());
  const auto context = whole.find("context");
  const bool is_of_bench = context != whole.end() && context->is_object() && !is_recording(whole);
  return is_of_bench ? read_bench_result(whole, path.string()) : read_recording(whole, path.string());
}

std::vector<std::filesystem::path> result_files_in(const std::filesystem::path& folder, bool subfolders) {
  std::vector<std::filesystem::path> files;
  std::vector<std::filesystem::path> folders{folder};
  for (std::size_t i = 0; i < folders.size(); ++i) {
    std::error_code error;
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator{folders[i], error}) {
      const auto name = entry.path().filename().string();
      if (entry.is_directory() && subfolders && i == 0) folders.push_back(entry.path());
      if (!entry.is_directory() && name.ends_with(".json") && !name.ends_with(".timeline.json") &&
          !name.starts_with('.'))
        found.push_back(entry.path());
    }
    if (error) throw track_error{fmt::format("{} cannot be read: {}", folders[i].string(), error.message())};
    if (i == 0) std::ranges::sort(folders.begin() + 1, folders.end());
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  if (files.empty())
    throw track_error{fmt::format("{} holds no result file ({})", folder.string(),
                                  subfolders ? "*.json, */*.json" : "*.json")};
  return files;
}

}  // namespace farebench::track
