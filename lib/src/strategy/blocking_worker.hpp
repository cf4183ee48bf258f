#pragma once

#include "strategy/batch_run.hpp"

namespace farebench {

/// A worker's life in a thread of its own, from its first attempt on (none: from what there is): scrapes and
/// settles on one blocking connection, until nothing is left for it. Where there is no connection to be had,
/// its first query comes home with out_of_resources, and the rest is left to others. What is thrown fails the
/// run. `threads`: how many workers have one.
void work_off_blocking(batch_run& run, scrape_attempt first, std::size_t threads) noexcept;

}  // namespace farebench
