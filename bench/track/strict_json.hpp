#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace farebench::track {

// Reading of JSON files that people may have edited. Each function throws track_error (exit code 2) with one
// line that names the file, the place and the value. `source` is the file's name; `where` names the file and
// the place in it.

/// Returns the content of a file.
std::string read_input_file(const std::filesystem::path& path);

/// Returns a JSON object. Refuses objects with two members of one name.
nlohmann::ordered_json parse_strictly(std::string_view text, const std::string& source);

/// Returns a member of an object.
const nlohmann::ordered_json& required_member(const nlohmann::ordered_json& object, std::string_view name,
                                              const std::string& where);
const nlohmann::ordered_json& list_member(const nlohmann::ordered_json& object, std::string_view name,
                                          const std::string& where);
std::string text_member(const nlohmann::ordered_json& object, std::string_view name,
                        const std::string& where);
/// Returns "" if the object has no such member.
std::string optional_text_member(const nlohmann::ordered_json& object, std::string_view name,
                                 const std::string& where);
/// Returns a number of at most max_figure in magnitude.
double number_member(const nlohmann::ordered_json& object, std::string_view name, const std::string& where);
/// Returns a figure: a number from min_figure to max_figure, or zero if that is allowed.
double figure_member(const nlohmann::ordered_json& object, std::string_view name, const std::string& where,
                     bool can_be_zero);
/// Returns a whole number of at least `minimum`.
std::size_t count_member(const nlohmann::ordered_json& object, std::string_view name,
                         const std::string& where, std::size_t minimum = 0);

/// Requires a number of lower-case hexadecimal digits.
void check_hex(std::string_view text, std::size_t digits, const std::string& where);

/// Returns a value as an error message shows it: JSON of at most 60 bytes.
std::string quoted(const nlohmann::ordered_json& value);

/// Returns a value as JSON in one line of ASCII, which can be shown on a terminal. Invalid UTF-8 becomes
/// U+FFFD.
std::string ascii_json(const nlohmann::ordered_json& value, int indent = -1);

}  // namespace farebench::track
