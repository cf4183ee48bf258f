#pragma once

#include <string>
#include <vector>

#include "bench/flags.hpp"
#include "bench/track/commits/probe_store.hpp"
#include "bench/track/judge/comparison.hpp"
#include "bench/track/measure/two_stages.hpp"

namespace farebench::track {

/// What of a bench command line says what to measure. Throws track_error for flags that have no meaning here:
/// those of Google Benchmark, the peers, which are no part of a commit's client.
bench_flags workload_flags(const std::vector<std::string>& arguments);

/// Holds two clients against each other, both driven by this build's bench and server, in turns. The noise
/// that this machine has shown is read from and added to a file under build/track/.
comparison compare_probes(const built_probe& base, const built_probe& head, const bench_flags& what,
                          const comparing_plan& plan, const std::filesystem::path& track_folder);

/// The same of two revisions, which are built first.
comparison compare_commits(const std::string& base, const std::string& head, const bench_flags& what,
                           const comparing_plan& plan);

}  // namespace farebench::track
