#pragma once

#include <filesystem>
#include <string_view>

namespace farebench {

/// The path of `name` in the folder of the running program (from /proc/self/exe, so that it holds
/// from any working directory). Throws std::runtime_error, naming the path, when it is not there.
std::filesystem::path sibling_path(std::string_view name);

}  // namespace farebench
