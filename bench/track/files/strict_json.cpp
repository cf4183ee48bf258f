#include "bench/track/files/strict_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <vector>

#include "bench/track/track_error.hpp"
#include "lib/system/output_file.hpp"

namespace farebench::track {
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

}  // namespace farebench::track
