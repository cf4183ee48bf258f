#pragma once

#include <chrono>
#include <cstddef>

#include "farebench/fetch_error.hpp"
#include "farebench/fetch_policy.hpp"

namespace farebench {

// Which failures are worth another attempt, and how long it waits. Pure.

/// Whether it may have passed by the next attempt (see fetch_policy).
bool may_pass(const fetch_error& why);

/// Whether the site no longer knew the session with which it was asked for fares: a 403 on the search.
bool is_expired_session(const fetch_error& why);

/// The wait after attempt `number` (from 1) has failed so. `chance`: evenly from [0, 1).
std::chrono::milliseconds wait_before_repeat(const fetch_policy& policy, std::size_t number,
                                             const fetch_error& why, double chance);

/// How many repeats a batch may have made when it has begun so many queries.
double repeats_allowed(const fetch_policy& policy, std::size_t begun);

}  // namespace farebench
