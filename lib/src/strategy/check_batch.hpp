#pragma once

#include "farebench/strategy.hpp"

namespace farebench {

/// Throws std::invalid_argument, in one line, for a batch that no strategy can run (see strategy::run).
void check_batch(const batch& work);

/// min(W, N): a worker without a query would only cost memory.
std::size_t workers_needed(const batch& work);

}  // namespace farebench
