#include "bench/output_paths.hpp"

#include <fmt/format.h>

#include <system_error>

namespace farebench {
namespace {

namespace fs = std::filesystem;

bool can_be_a_file(const fs::path& path) {
  std::error_code ignored;
  return !path.empty() && (!fs::exists(path, ignored) || fs::is_regular_file(path, ignored));
}

fs::path timeline_beside(fs::path out) {
  // Another ending may be what tells two results from each other: run.1, run.2.
  if (const auto ending = out.extension(); ending == ".json" || ending == ".csv" || ending == ".txt")
    out.replace_extension();
  return out += ".timeline.json";
}

/// A path as it can be compared; empty for what can be written to twice (a device).
fs::path identity(const fs::path& path) {
  if (!can_be_a_file(path)) return {};
  std::error_code ignored;
  return fs::weakly_canonical(fs::absolute(path, ignored), ignored);
}

void check_apart(const char* flag, const fs::path& path, const char* other_flag, const fs::path& other) {
  if (const auto one = identity(path); one.empty() || one != identity(other)) return;
  throw flag_error{
      fmt::format("{} {}: the {} is written there; choose another place", flag, path.string(), other_flag)};
}

}  // namespace

output_paths output_paths_of(const bench_flags& flags, const fs::path& programs) {
  output_paths paths;
  const bool has_neighbours = can_be_a_file(flags.out);
  if (!flags.journal.empty()) {
    paths.journal = flags.journal;
  } else if (!flags.smoke) {
    paths.journal = has_neighbours ? fs::path{flags.out + ".journal"} : programs / "bench.journal";
  }
  if (!flags.timeline.empty()) {
    paths.timeline = flags.timeline;
  } else if (has_neighbours) {
    paths.timeline = timeline_beside(flags.out);
  }
  if (paths.timeline) {
    check_apart("--timeline", *paths.timeline, "result", flags.out);
    if (paths.journal) check_apart("--timeline", *paths.timeline, "journal", *paths.journal);
  }
  return paths;
}

}  // namespace farebench
