#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/flags.hpp"
#include "bench/track/commits.hpp"
#include "bench/track/judge.hpp"
#include "bench/track/measure.hpp"
#include "bench/track/recordings.hpp"

namespace farebench::track {

/// Holds two clients against each other, both driven by this build's bench and server, in turns. The noise
/// that this machine has shown is read from and added to a file under build/track/.
comparison compare_probes(const built_probe& base, const built_probe& head, const bench_flags& what,
                          const comparison_plan& plan, const std::filesystem::path& track_folder);

/// The same of two revisions, which are built first.
comparison compare_commits(const std::string& base, const std::string& head, const bench_flags& what,
                           const comparison_plan& plan);

/// One side's result files: of one program, on one machine, of one workload.
struct recorded_side {
  std::string name;  ///< as it was asked for
  std::vector<recorded_run> runs;
};

/// A result file, or all those of a folder. Throws track_error (exit code 2) that names what is wrong with
/// which, with exit code 3 when they are of several programs.
recorded_side read_side(const std::filesystem::path& path);

/// The A/As among recorded runs: two of one program, one after the other, and of each series and metric that
/// they share the ratio of their medians.
noise noise_of_recordings(const std::vector<recorded_run>& runs);

/// Holds what was recorded against each other. Weaker evidence than compare_commits: the sides were not
/// measured in turns, so that what the machine did meanwhile looks like a change, and nothing flagged can be
/// confirmed. So each interval is corrected for how many metrics are tested (Bonferroni), and of time and CPU
/// the floor is at least what the canary moved by. Throws track_error (exit code 3), with the reason, for
/// different machines, workloads or engines. Pure.
comparison compare_files(const recorded_side& base, const recorded_side& head, const noise& known);

/// The two, read, with the A/As of the folders that they are in as the floor; a file there that cannot be
/// read is left out with a note.
comparison compare_recorded(const std::filesystem::path& base, const std::filesystem::path& head);

}  // namespace farebench::track
