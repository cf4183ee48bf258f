#pragma once

#include <cstddef>
#include <string_view>

namespace farebench::html {

/// The longest name below, in bytes.
inline constexpr std::size_t longest_entity_name = 8;

/// The character that `&name;` stands for: HTML 4's 252 names, case-sensitive, and `apos`. 0 for any other
/// name. Pure; any thread.
char32_t entity_character(std::string_view name);

}  // namespace farebench::html
