#pragma once

#include <string>

namespace farebench::soak {

/// What this process has come to hold over many runs that each looked well: to be asked after each case.
/// Counted from the fifth call, when what is made once has been made. Empty where it is nothing to speak of.
/// Not thread-safe.
std::string creep_of_this_process();

}  // namespace farebench::soak
