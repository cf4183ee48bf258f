#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

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

/// Returns the command that compares the same sides again. `bench_flags` chose the workload.
std::string command_of(const comparison& of, std::span<const std::string> bench_flags);

/// Size up to which comparison_markdown() adds lines. GitHub refuses a step's summary above 1 MiB, and a step
/// may append several.
inline constexpr std::size_t max_summary_bytes = 500'000;

/// Returns a comparison as GitHub-flavoured Markdown, for the summary of a CI job: the headline, both sides,
/// machine, counts and command, a table of what changed in the order of comparison_table(), and tables that
/// open on a click: what cannot be told, and what is the same. Lines beyond max_summary_bytes are counted.
std::string comparison_markdown(const comparison& of, std::string_view command);

/// Returns Markdown for a comparison that ended with an error.
std::string failed_comparison_markdown(std::string_view reason);

}  // namespace farebench::track
