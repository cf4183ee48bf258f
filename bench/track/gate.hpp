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
  std::string series;  ///< of the row: "fetch/strategy:…"
  std::string metric;  ///< of metrics()
  std::string commit;  ///< that brought it, 40 hex digits
  std::string reason;  ///< one line
};

/// Of results/accepted.json: {"accepted": [{"series": …, "metric": …, "commit": …, "reason": …}, …]}, each
/// member a text and no other member. Throws track_error (exit code 2) naming `source`, which entry, and what
/// is wrong with it.
std::vector<accepted_regression> parse_accepted(std::string_view text, const std::string& source);
/// None where there is no such file.
std::vector<accepted_regression> read_accepted(const std::filesystem::path& path);

/// Marks the regressions of a comparison that were accepted, with the reason. An acceptance holds where its
/// commit is one of `commits`, those that are in the head and not in the base: a later regression of the same
/// series is another. Pure.
void accept(comparison& of, const std::vector<accepted_regression>& accepted,
            const std::vector<std::string>& commits);

/// What the working tree is held against when nobody says: where it parted from its upstream, or from main;
/// of a tree that is the same commit, and has no changes, the commit before. Throws track_error when there is
/// neither.
std::string base_of_gate(const repository& sources);

/// Compares the working tree with a revision, or with base_of_gate, and marks what results/accepted.json
/// accepts, which is read, and must be right, before anything is measured.
comparison run_gate(const std::optional<std::string>& against, const bench_flags& what,
                    const comparison_plan& plan);

}  // namespace farebench::track
