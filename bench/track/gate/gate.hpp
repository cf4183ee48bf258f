#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "bench/flags.hpp"
#include "bench/track/commits/repository.hpp"
#include "bench/track/judge/comparison.hpp"
#include "bench/track/measure/two_stages.hpp"

namespace farebench::track {

/// What the working tree is held against when nobody says: where it parted from its upstream, or from main;
/// of a tree that is the same commit, and has no changes, the commit before. Throws track_error when there is
/// neither.
std::string base_of_gate(const repository& sources);

/// Compares the working tree with a revision, or with base_of_gate, and marks what results/accepted.json
/// accepts, which is read, and must be right, before anything is measured.
comparison run_gate(const std::optional<std::string>& against, const bench_flags& what,
                    const comparing_plan& plan);

}  // namespace farebench::track
