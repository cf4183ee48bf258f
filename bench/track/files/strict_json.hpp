#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace farebench::track {

// Reading files that people may have touched: each of these throws track_error (exit code 2) that names
// `source` or `where`, and what is wrong there.

/// Returns the content of a file.
std::string read_input_file(const std::filesystem::path& path);

/// A JSON object, without a member that stands there twice.
nlohmann::ordered_json parse_strictly(std::string_view text, const std::string& source);

std::string text_member(const nlohmann::ordered_json& object, std::string_view name,
                        const std::string& where);
/// Finite.
double number_member(const nlohmann::ordered_json& object, std::string_view name, const std::string& where);

/// So many lower-case hex digits.
void check_hex(std::string_view text, std::size_t digits, const std::string& where);

}  // namespace farebench::track
