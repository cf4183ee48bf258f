#pragma once

#include <filesystem>
#include <string>

namespace farebench::track {

/// What was left when recordings were killed.
struct kill_report {
  int kills = 0;
  int killed_while_writing = 0;  ///< of those, with the file on its way
  int whole = 0;                 ///< result files, each read to its end
  int broken = 0;                ///< files under a result's name that are none
  int abandoned_parts = 0;       ///< at the end, after one recording that was let be
  std::string first_complaint;   ///< about a broken one
};

/// Runs `track record` of a tiny workload into a folder and kills it (SIGKILL) again and again: every other
/// one at a random moment of all that it does, the others while its file is being written. Then lets one be,
/// and reads every file there.
kill_report kill_recordings(const std::filesystem::path& track, const std::filesystem::path& folder,
                            int kills);

}  // namespace farebench::track
