#pragma once

#include <chrono>
#include <string>

#include "farebench/outcome.hpp"

namespace farebench {

/// How fares are written: an aligned table for people, RFC 4180 CSV, or one JSON array of days.
enum class fares_format { table, csv, json };

// The output in pieces, so that a day can be written as soon as it is its turn. Pure.

std::string opening(fares_format format);
/// A day that failed is in the JSON alone: the other formats hold fares only.
std::string day_text(fares_format format, bool first, std::chrono::year_month_day date,
                     const outcome& result);
std::string closing(fares_format format);

/// Text from a page as it may go to a terminal: control characters, which could drive it, as \xNN.
std::string printable(std::string_view text);

}  // namespace farebench
