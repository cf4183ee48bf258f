#pragma once

#include <string>
#include <vector>

#include "bench/flags.hpp"

namespace farebench::track {

/// What stands behind "--" on track's command line, as the bench itself reads it. Throws flag_error, or
/// help_shown.
bench_flags parse_bench_arguments(std::vector<std::string> arguments);

}  // namespace farebench::track
