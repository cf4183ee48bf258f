#pragma once

#include <cstdint>
#include <string_view>

/// What an HTML 4 parser knows of each element: its number, which start tags close it, which end tags may.
/// Pure functions over constant tables; any thread.
namespace farebench::html {

/// An element's number; `unknown` for every name without a rule or a place in the table. Two unknown
/// elements are the same only if their names are.
enum class element : std::uint8_t { unknown = 0 };

/// The element of a lower-case name.
element find_element(std::string_view name);

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
