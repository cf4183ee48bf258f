#pragma once

#include "farebench/fetch_policy.hpp"

namespace farebench {

/// Throws std::invalid_argument, in one line that names the field, for a policy with a value that means
/// nothing.
void check_policy(const fetch_policy& policy);

}  // namespace farebench
