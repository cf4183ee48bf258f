#pragma once

#include <functional>
#include <memory>
#include <string>

#include "farebench/strategy.hpp"

namespace farebench {

/// Makes the way of that name; throws std::invalid_argument when there is none.
using way_maker = std::function<std::unique_ptr<strategy>(const std::string& name)>;

/// A strategy of the library, or the floor beneath them.
std::unique_ptr<strategy> make_way(const std::string& name);

/// All of a probe: one client process, one batch, measured; its protocol is in protocol.hpp. Returns the exit
/// code. `make` is make_way, or what decorates the ways that it makes.
int probe_program(int argc, char** argv, const way_maker& make);

}  // namespace farebench
