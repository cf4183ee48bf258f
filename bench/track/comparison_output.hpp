#pragma once

#include <string>

#include "bench/track/judge.hpp"

namespace farebench::track {

/// A comparison for people: what was compared, under each series a line a metric (metric, base ±, head ±,
/// change, verdict, why), then what only one side has, the notes, and the count of the verdicts. UTF-8.
std::string comparison_table(const comparison& of);

/// The same for machines, as one JSON text.
std::string comparison_json(const comparison& of);

/// The same as Markdown: what changed or cannot be told in a table, the rest in the count.
std::string comparison_markdown(const comparison& of);

/// "122a93aeb02b", "122a93aeb02b and changes": a side's commit for people.
std::string commit_text(const compared_side& side);
/// "1 regression (1 accepted), 2 improvements, 60 the same, 3 cannot be told"
std::string verdict_counts(const comparison& of);

}  // namespace farebench::track
