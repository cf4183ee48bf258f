#pragma once

#include <functional>
#include <string>

namespace farebench::soak {

/// Whether the oracle bites: sends clients that are wrong on purpose (tests/mutants/wrong) to a site, and one
/// that is right as the control. Each must break the law that it is made to break, the control none. `say`
/// gets a line for each; true when all is so. To be called while the process has one thread.
bool check_mutants(const std::function<void(const std::string& line)>& say);

}  // namespace farebench::soak
