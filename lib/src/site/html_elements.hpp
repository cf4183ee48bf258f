#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// What an HTML 4 parser knows of each element: its number, which start tags close it, which end tags may.
/// Pure functions over constant tables; any thread.
namespace farebench::html {

/// An element's number; `unknown` for every name without a rule or a place in the table. Two unknown
/// elements are the same only if their names are.
enum class element : std::uint8_t { unknown = 0 };

/// No element in the table has a longer name.
inline constexpr std::size_t longest_element_name = 10;

/// The number of a lower-case name, from that of the name without its last character: 0 for none, then a
/// digit of base 80 for each. Up to `longest_element_name` characters, no two names have one number.
constexpr std::uint64_t append_to_number(std::uint64_t number, char lower) {
  return number * 80 + static_cast<std::uint64_t>(lower - ',');  // '-' to 'z' are 1 to 78
}

/// The element of a lower-case name, or of the number of a name up to `longest_element_name`.
element find_element(std::string_view name);
element find_element(std::uint64_t number);

/// Whether the start tag of `opening` closes an open `open` that is the innermost element.
bool start_closes(element opening, element open);

/// An end tag closes what lies between it and its element only if none of that has a higher priority;
/// otherwise it is ignored.
int end_priority(element of);

/// No content, hence no end tag.
bool is_void(element of);

/// Named by the tree rules; see open_elements.
struct well_known {
  static const element html, head, body, p, script, style, title, meta, link, base, noframes, frame, frameset;
};

}  // namespace farebench::html
