#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "bench/cases.hpp"
#include "bench/clients/clients.hpp"
#include "bench/flags.hpp"
#include "bench/measurement.hpp"

namespace farebench {

/// Returns what a result was measured with: commit, build, library versions, system, CPU and its limits,
/// workload and the values of its cases, the shard, and the user's pairs. `cases` are those of all shards.
/// Contains no host name and no path. Versions come from the programs' --version, so that they are theirs.
/// Throws std::runtime_error naming a program that does not respond, and flag_error for a key of the user
/// that is the bench's own.
std::map<std::string, std::string> measuring_context(const programs& with, const bench_flags& flags,
                                                     const std::vector<benchmark_case>& cases);

/// Returns the reason why figures of that context are meaningless (a build without optimisation or with
/// sanitizers); empty if they are not.
std::string unfit_for_measuring(const std::map<std::string, std::string>& context);

/// Returns the context of a result file: date and program, the machine (see machine_json), then the context
/// above.
nlohmann::ordered_json context_json(const nlohmann::ordered_json& machine,
                                    const std::map<std::string, std::string>& context);

}  // namespace farebench
