#include "bench/track/recordings.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "bench/track/error.hpp"
#include "lib/system/output_file.hpp"

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

// To write JSON out again, as its checksum needs, takes a call a level; what we record has four.
constexpr int deepest = 64;

const ordered_json& member(const ordered_json& object, std::string_view name, const std::string& where) {
  const auto found = object.is_object() ? object.find(std::string{name}) : object.end();
  if (!object.is_object() || found == object.end())
    throw track_error{fmt::format("{} has no '{}'", where, name)};
  return *found;
}

}  // namespace

std::string read_input_file(const std::filesystem::path& path) {
  try {
    return read_file(path);
  } catch (const std::system_error& error) {
    throw track_error{fmt::format("{} cannot be read: {}", path.string(), error.code().message())};
  }
}

ordered_json parse_strictly(std::string_view text, const std::string& source) {
  // Of two members of one name the parser keeps one and says nothing.
  std::vector<std::set<std::string>> open;
  const auto note = [&](int depth, ordered_json::parse_event_t event, ordered_json& parsed) {
    using enum ordered_json::parse_event_t;
    if (depth > deepest) throw track_error{fmt::format("{} is nested more than {} deep", source, deepest)};
    if (event == object_start) open.emplace_back();
    if (event == object_end) open.pop_back();
    if (event == key && !open.back().insert(parsed.get<std::string>()).second)
      throw track_error{fmt::format("{} has '{}' twice in one object", source, parsed.get<std::string>())};
    return true;
  };
  try {
    auto whole = ordered_json::parse(text, note);
    if (!whole.is_object()) throw track_error{source + " is no JSON object"};
    return whole;
  } catch (const ordered_json::parse_error& fault) {
    if (fault.byte > text.size()) {
      throw track_error{fmt::format("{} is truncated: it ends in the middle of its JSON, after {} bytes",
                                    source, text.size())};
    }
    throw track_error{fmt::format("{} is not JSON: it goes wrong at byte {}", source, fault.byte)};
  } catch (const ordered_json::exception& fault) {
    throw track_error{fmt::format("{} is not understood: {}", source, fault.what())};
  }
}

std::string text_member(const ordered_json& object, std::string_view name, const std::string& where) {
  const auto& value = member(object, name, where);
  if (!value.is_string()) throw track_error{fmt::format("{}: '{}' is not a text", where, name)};
  return value.get<std::string>();
}

double number_member(const ordered_json& object, std::string_view name, const std::string& where) {
  const auto& value = member(object, name, where);
  if (!value.is_number() || !std::isfinite(value.get<double>()))
    throw track_error{fmt::format("{}: '{}' is not a number", where, name)};
  return value.get<double>();
}

void check_hex(std::string_view text, std::size_t digits, const std::string& where) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (text.size() != digits || !std::ranges::all_of(text, is_hex))
    throw track_error{fmt::format("{} is not {} hex digits: '{}'", where, digits, text)};
}

namespace {

using nlohmann::ordered_json;

constexpr std::string_view run_format = "farebench-run 1";
constexpr std::string_view checksum_member = "sha256";

/// What Google Benchmark puts behind the names of rows that run once and time themselves.
constexpr std::string_view name_suffix = "/iterations:1/manual_time";

/// Of everything but itself, in the order in which it stands there.
std::string checksum_of(ordered_json context, const ordered_json& rows) {
  context.erase(std::string{checksum_member});
  return sha256(ordered_json{{"context", std::move(context)}, {"benchmarks", rows}}.dump());
}

/// Text that a comparison rests upon, and figures without which a recording is not complete.
constexpr std::array required_texts{"machine",    "program_sha256", "commit",  "dirty",      "engine",
                                    "workload",   "latency",        "page_kb", "days",       "first_date",
                                    "build_type", "compiler",       "flags",   "sanitizers", "date"};
constexpr std::array required_numbers{"canary", "canary_after", "steal_percent", "load_before", "load_after"};

void read_context(recorded_run& run, const ordered_json& context) {
  const std::string where = run.source + ": its context";
  if (text_member(context, "format", where) != run_format) {
    throw track_error{fmt::format("{} is of another format, '{}': this track reads '{}'", run.source,
                                  text_member(context, "format", where), run_format)};
  }
  for (const char* name : required_texts) text_member(context, name, where);
  for (const char* name : required_numbers) number_member(context, name, where);
  for (const auto& [name, value] : context.items())
    if (value.is_string()) run.context[name] = value.get<std::string>();
  check_hex(run.program(), 64, where + ": program_sha256");
  check_hex(run.commit(), 40, where + ": commit");
  run.canary = (number_member(context, "canary", where) + number_member(context, "canary_after", where)) / 2;
  if (!(run.canary > 0)) throw track_error{where + ": canary is not above zero"};
}

std::string series_of(const ordered_json& row, const std::string& where) {
  const auto name = text_member(row, "name", where);
  if (!name.ends_with(name_suffix))
    throw track_error{fmt::format("{}: '{}' is not the name of a row of bench", where, name)};
  return name.substr(0, name.size() - name_suffix.size());
}

figures figures_of(const ordered_json& row, const std::string& where) {
  // What is Google Benchmark's own and says nothing of the client.
  static const std::set<std::string> others{
      "family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads", "iterations",
      "cpu_time"};
  figures found;
  for (const auto& [name, value] : row.items())
    if (value.is_number() && !others.contains(name)) found[name] = number_member(row, name, where);
  return found;
}

void read_row(recorded_run& run, const ordered_json& row, const std::string& where) {
  const auto series = series_of(row, where);
  if (text_member(row, "run_type", where) != "iteration")
    throw track_error{where + " is no repetition: its run_type is not 'iteration'"};
  if (text_member(row, "time_unit", where) != "ms") throw track_error{where + ": its time_unit is not 'ms'"};
  const auto time = number_member(row, "real_time", where);
  if (const auto failed = row.find("error_occurred"); failed != row.end()) {
    if (!failed->is_boolean()) throw track_error{where + ": error_occurred is neither true nor false"};
    if (failed->get<bool>()) {
      run.failures.emplace(series, text_member(row, "error_message", where));
      return;
    }
  }
  if (!(time > 0)) throw track_error{where + ": its real_time is not above zero"};
  run.rows[series].push_back(figures_of(row, where));
}

}  // namespace

std::string recorded_text(ordered_json context, const ordered_json& rows) {
  context["format"] = run_format;
  context[std::string{checksum_member}] = checksum_of(context, rows);
  std::string text = fmt::format("{{\n\"context\": {},\n\"benchmarks\": [", context.dump(1));
  for (std::size_t i = 0; i < rows.size(); ++i)
    text += fmt::format("{}\n{}", i == 0 ? "" : ",", rows[i].dump());
  return text + "\n]\n}\n";
}

recorded_run parse_recorded_run(std::string_view text, const std::string& source) {
  const ordered_json whole = parse_strictly(text, source);
  const auto context = whole.find("context");
  const auto rows = whole.find("benchmarks");
  if (context == whole.end() || rows == whole.end() || !context->is_object() || !rows->is_array())
    throw track_error{source + " is no result file: it has no context and benchmarks"};
  if (!context->contains("format"))
    throw track_error{source +
                      " is not of track record: its context has no 'format' (compare.py compares others)"};
  recorded_run run;
  run.source = source;
  read_context(run, *context);
  if (rows->empty()) throw track_error{source + " has no rows"};
  for (std::size_t i = 0; i < rows->size(); ++i)
    read_row(run, (*rows)[i], fmt::format("{}: row {}", source, i + 1));
  if (text_member(*context, checksum_member, source + ": its context") != checksum_of(*context, *rows))
    throw track_error{source + " was changed after it was recorded: its checksum (sha256) is another"};
  return run;
}

recorded_run read_recorded_run(const std::filesystem::path& path) {
  return parse_recorded_run(read_input_file(path), path.string());
}

std::vector<std::filesystem::path> result_files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{folder, error})
    if (entry.path().extension() == ".json") found.push_back(entry.path());
  if (error) throw track_error{fmt::format("{} cannot be read: {}", folder.string(), error.message())};
  if (found.empty()) throw track_error{folder.string() + " holds no result file (*.json)"};
  std::ranges::sort(found);
  return found;
}

}  // namespace farebench::track
