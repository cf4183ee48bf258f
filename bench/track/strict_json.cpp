#include "bench/track/strict_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <vector>

#include "bench/columns.hpp"
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
  if (text.empty()) throw track_error{source + " is empty"};
  // JSON begins with ASCII, and a zero byte there is half of such a character.
  const auto start = text.substr(0, 2);
  if (start == "\xFF\xFE" || start == "\xFE\xFF" || start.contains('\0'))
    throw track_error{source + " is UTF-16 or another encoding: convert it to UTF-8"};
  // The parser skips a byte order mark of UTF-8, and takes a zero byte for the end.
  if (const auto zero = text.find('\0'); zero != std::string_view::npos)
    throw track_error{fmt::format("{} is not JSON: invalid byte {}", source, zero + 1)};
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
    // The parser's text begins with the number of the error in brackets.
    const std::string_view reason{error.what()};
    throw track_error{
        fmt::format("{} has an invalid value: {}", source, reason.substr(reason.find("] ") + 2))};
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
  if (!value.is_number()) refuse(value, name, where, "a number");
  if (!(std::abs(value.get<double>()) <= max_figure))
    refuse(value, name, where, fmt::format("at most {:.0f}", max_figure));
  return value.get<double>();
}

double figure_member(const ordered_json& object, std::string_view name, const std::string& where,
                     bool can_be_zero) {
  const double value = number_member(object, name, where);
  if (value < min_figure && !(can_be_zero && value == 0)) {
    refuse(object.at(name), name, where,
           fmt::format("{}at least {:g}", can_be_zero ? "zero or " : "", min_figure));
  }
  return value;
}

std::size_t count_member(const ordered_json& object, std::string_view name, const std::string& where,
                         std::size_t minimum) {
  const double value = number_member(object, name, where);
  if (value != std::floor(value) || value < static_cast<double>(minimum))
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
  auto text = ascii_json(value);
  if (text.size() > max_size) text = text.substr(0, max_size - 3) + "...";
  return text;
}

std::string ascii_json(const ordered_json& value, int indent) {
  return value.dump(indent, ' ', true, ordered_json::error_handler_t::replace);
}

}  // namespace farebench::track
