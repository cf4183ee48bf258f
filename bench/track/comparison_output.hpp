#pragma once

#include <string>

#include "bench/track/judge.hpp"

namespace farebench::track {

/// Returns one line: what got worse and what cannot be told, with counts and the names of the first three.
std::string headline(const comparison& of);

/// Returns "122a93aeb02b" or "122a93aeb02b and changes"; of a side with a commit.
std::string commit_text(const compared_side& side);

/// Returns "1 regression (1 accepted), 2 improvements, 60 the same, 3 cannot be told".
std::string verdict_counts(const comparison& of);

enum class same_findings { listed, counted };

/// Returns a comparison for people, in UTF-8: the headline, both sides, a line per finding (regressions
/// first, then what cannot be told, improvements, the same), rows of one side only, notes, and the counts.
/// Text from files is escaped.
std::string comparison_table(const comparison& of, same_findings same);

/// Returns a comparison as one JSON text.
std::string comparison_json(const comparison& of);

/// Returns a comparison as Markdown, in the order of the table. Findings that are the same are only counted.
std::string comparison_markdown(const comparison& of);

}  // namespace farebench::track
