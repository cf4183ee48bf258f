#pragma once

#include "bench/track/judge.hpp"

namespace farebench::track {

inline const metric& time_of_wall() { return *find_metric("real_time"); }

}  // namespace farebench::track
