#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bench/track/judge/comparison.hpp"

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

}  // namespace farebench::track
