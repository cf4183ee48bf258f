#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/flags.hpp"
#include "bench/track/judge.hpp"
#include "bench/track/measure.hpp"
#include "bench/track/recordings.hpp"

namespace farebench::track {

/// Builds the clients of two revisions and compares them. This build's bench and server run both, in turns.
/// Shows its progress on a terminal. The noise of this machine is kept beside the builds of commits.
comparison compare_commits(const std::string& base, const std::string& head, const bench_flags& workload,
                           const comparison_plan& plan);

/// Compares two clients, each given as NAME=COMMAND, in the same way. `workload` has their programs. Needs no
/// repository: the noise is kept in track-noise beside this program (installed: in the folder for caches), by
/// the command of the base; if it cannot be, a note says so.
comparison compare_clients(const std::string& base, const std::string& head, const bench_flags& workload,
                           const comparison_plan& plan);

/// Result files of one program, on one machine, with one workload.
struct recorded_side {
  /// The path given by the user.
  std::string name;
  std::vector<recorded_run> runs;
};

/// Reads a result file, or all of a folder. Throws track_error naming the file and what is invalid (exit code
/// 2), or the difference between files of several programs (exit code 3).
recorded_side read_side(const std::filesystem::path& path);

/// Returns the A/As among recorded runs: for each two consecutive runs of one program, the ratio of their
/// medians of each series and metric. Pure.
noise noise_of_recordings(const std::vector<recorded_run>& runs);

/// Compares recorded runs. This is weaker evidence than compare_commits: the sides were not measured in
/// turns, so that changes of the machine look like changes of the program, and nothing is confirmed.
/// Therefore each interval is corrected for the number of metrics (Bonferroni), and the floor of time and CPU
/// is at least the change of the canary. A row of which no repetition passed in the head, but some in the
/// base, is a regression. Files of bench have no canary, which a note says. Throws track_error (exit code 3)
/// with the reason for different machines, workloads or engines, and if no row is common. Pure.
comparison compare_files(const recorded_side& base, const recorded_side& head, const noise& known);

/// Reads and compares two sides. Floors come from the recordings in their folders; unreadable files among
/// those become notes.
comparison compare_recorded(const std::filesystem::path& base, const std::filesystem::path& head);

}  // namespace farebench::track
