#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "farebench/outcome.hpp"

namespace farebench {

/// How fares are written: an aligned table for people, RFC 4180 CSV, or one JSON array of days.
enum class fares_format { table, csv, json };

// The output in pieces, so that a day can be written as soon as it is its turn. None of them holds a control
// character that a page chose. Pure.

std::string opening(fares_format format);
/// A day that failed is in the JSON alone: the other formats hold fares only.
std::string day_text(fares_format format, bool first, std::chrono::year_month_day date,
                     const outcome& result);
/// `remark`, if any, is what a reader of the whole should know; of the formats, the table has a line for it.
std::string closing(fares_format format, std::string_view remark = {});

}  // namespace farebench
