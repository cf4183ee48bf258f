#include "bench/track/strict_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <vector>

#include "bench/track/error.hpp"
#include "lib/system/output_file.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;

/// Limit of nesting. Writing JSON, as a checksum requires, recurses once per level. Recordings have four
/// levels.
constexpr int max_depth = 64;

[[noreturn]] void refuse(const ordered_json& value, std::string_view name, const std::string& where,
                         std::string_view expected) {
  throw track_error{fmt::format("{}: '{}' is not {}: {}", where, name, expected, quoted(value))};
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
  // The parser itself accepts two members of one name and keeps one of them.
  std::vector<std::set<std::string, std::less<>>> open_objects;
  const auto check = [&](int depth, ordered_json::parse_event_t event, ordered_json& parsed) {
    using enum ordered_json::parse_event_t;
    if (depth > max_depth)
      throw track_error{fmt::format("{} is nested more than {} deep", source, max_depth)};
    if (event == object_start) open_objects.emplace_back();
    if (event == object_end) open_objects.pop_back();
    if (event == key && !open_objects.back().insert(parsed.get_ref<const std::string&>()).second)
      throw track_error{fmt::format("{} has '{}' twice in one object", source, parsed.get<std::string>())};
    return true;
  };
  try {
    auto whole = ordered_json::parse(text, check);
    if (!whole.is_object()) throw track_error{source + " is no JSON object"};
    return whole;
  } catch (const ordered_json::parse_error& error) {
    if (error.byte > text.size()) {
      throw track_error{fmt::format("{} is truncated: it ends in the middle of its JSON, after {} bytes",
                                    source, text.size())};
    }
    throw track_error{fmt::format("{} is not JSON: invalid byte {}", source, error.byte)};
  } catch (const ordered_json::exception& error) {
    throw track_error{fmt::format("{} has an invalid value: {}", source, error.what())};
  }
}

const ordered_json& required_member(const ordered_json& object, std::string_view name,
                                    const std::string& where) {
  if (!object.is_object()) throw track_error{fmt::format("{} is not an object: {}", where, quoted(object))};
  const auto found = object.find(name);
  if (found == object.end()) throw track_error{fmt::format("{} has no '{}'", where, name)};
  return *found;
}

const ordered_json& list_member(const ordered_json& object, std::string_view name, const std::string& where) {
  const auto& value = required_member(object, name, where);
  if (!value.is_array()) refuse(value, name, where, "a list");
  return value;
}

std::string text_member(const ordered_json& object, std::string_view name, const std::string& where) {
  const auto& value = required_member(object, name, where);
  if (!value.is_string()) refuse(value, name, where, "a text");
  return value.get<std::string>();
}

std::string optional_text_member(const ordered_json& object, std::string_view name,
                                 const std::string& where) {
  return object.is_object() && !object.contains(name) ? std::string{} : text_member(object, name, where);
}

double number_member(const ordered_json& object, std::string_view name, const std::string& where) {
  const auto& value = required_member(object, name, where);
  if (!value.is_number() || !std::isfinite(value.get<double>())) refuse(value, name, where, "a number");
  return value.get<double>();
}

std::size_t count_member(const ordered_json& object, std::string_view name, const std::string& where,
                         std::size_t minimum) {
  constexpr double max_exact = 1LL << 53;
  const double value = number_member(object, name, where);
  if (value != std::floor(value) || value < static_cast<double>(minimum) || value > max_exact)
    refuse(object.at(name), name, where, fmt::format("a whole number of at least {}", minimum));
  return static_cast<std::size_t>(value);
}

void check_hex(std::string_view text, std::size_t digits, const std::string& where) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (text.size() != digits || !std::ranges::all_of(text, is_hex))
    throw track_error{fmt::format("{} is not {} hex digits: '{}'", where, digits, text)};
}

std::string quoted(const ordered_json& value) {
  constexpr std::size_t max_size = 60;
  auto text = value.dump(-1, ' ', true, ordered_json::error_handler_t::replace);
  if (text.size() > max_size) text = text.substr(0, max_size - 3) + "...";
  return text;
}

}  // namespace farebench::track
