#pragma once

#include <string>
#include <string_view>

namespace farebench {

/// Text from outside as it may go to a terminal: what could drive it, or show it in another order than it is
/// read, is written out. Control characters and bytes that are no UTF-8 become \xNN; the marks and overrides
/// of writing direction and the line separators of Unicode \u{NNNN}. Pure.
std::string printable(std::string_view text);

}  // namespace farebench
