#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/cases.hpp"
#include "bench/clients/clients.hpp"
#include "bench/flags.hpp"
#include "bench/measurement.hpp"

namespace farebench {

/// What a result was measured with and on: commit, build, library versions, kernel, CPU, workload; of
/// `cases`, the values that they have between them; the seed where their latencies are random; with peers
/// among them, the versions of `peers`. No host name and no path. The programs are asked themselves
/// (--version), so that it is theirs and not this program's. Throws std::runtime_error naming the program
/// that does not answer.
std::map<std::string, std::string> measuring_context(const programs& with, const bench_flags& flags,
                                                     const std::vector<benchmark_case>& cases,
                                                     const python_libraries& peers);

/// Why figures of that context do not count (an unoptimised or sanitised build), or nothing.
std::string unfit_for_measuring(const std::map<std::string, std::string>& context);

}  // namespace farebench
