#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "farebench/fare.hpp"
#include "farebench/query.hpp"

namespace farebench {

/// The number that stands for (from, to, date, page_kb): whatever the site makes up follows from it.
std::uint64_t timetable_seed(const query& asked, std::size_t page_kb);

/// The fares that the results page of this query and size holds, in page order: at least one, by
/// departure. A pure function of its arguments, the same on every platform; the bench compares what
/// a strategy brought home with it. Throws std::invalid_argument for a size outside the bounds of
/// page_size.hpp.
std::vector<fare> timetable(const query& asked, std::size_t page_kb);

}  // namespace farebench
