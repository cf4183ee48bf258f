#pragma once

#include <string_view>

namespace farebench {

/// The name of the physical floor in flags and tables: no strategy of the library, but the row that the
/// others are held against.
inline constexpr std::string_view floor_strategy = "raw_epoll";

}  // namespace farebench
