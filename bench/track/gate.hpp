#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/flags.hpp"
#include "bench/track/commits.hpp"
#include "bench/track/judge.hpp"
#include "bench/track/measure.hpp"

namespace farebench::track {

/// A regression that was accepted on purpose.
struct accepted_regression {
  /// Name of the row: "fetch/strategy:…".
  std::string series;
  /// One of metrics().
  std::string metric;
  /// The commit that caused it, 40 hex digits.
  std::string commit;
  /// One line.
  std::string reason;
};

/// Parses results/accepted.json: {"accepted": [{"series": …, "metric": …, "commit": …, "reason": …}, …]}.
/// Each member is a text. Throws track_error (exit code 2) naming `source`, the entry, and what is invalid.
std::vector<accepted_regression> parse_accepted(std::string_view text, const std::string& source);

/// Returns none if there is no such file.
std::vector<accepted_regression> read_accepted(const std::filesystem::path& path);

/// Marks the accepted regressions of a comparison. An acceptance counts if its commit is one of `commits`:
/// those that the head contains and the base does not. Later regressions of the same series do not match.
/// Pure.
void accept(comparison& result, const std::vector<accepted_regression>& accepted,
            const std::vector<std::string>& commits);

/// Returns the default base of a gate: the merge base of HEAD with its upstream branch, origin/main or main.
/// If that is HEAD itself, without changes: the commit before. Throws track_error if there is neither.
std::string base_of_gate(const repository& sources);

/// Compares the working tree with a revision, by default base_of_gate(), and applies results/accepted.json,
/// which is read before anything is measured.
comparison run_gate(const std::optional<std::string>& against, const bench_flags& workload,
                    const comparison_plan& plan);

}  // namespace farebench::track
