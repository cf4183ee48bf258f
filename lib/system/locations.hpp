#pragma once

#include <filesystem>
#include <optional>

namespace farebench {

/// Returns the folder of the running program, after symbolic links.
std::filesystem::path program_folder();

/// Returns whether the running program is in the folder of a build. An installed program is not, and must
/// write nothing beside itself.
bool is_in_build_tree();

/// Returns the user's folder for what a program keeps between runs: $XDG_STATE_HOME/farebench, by default
/// ~/.local/state/farebench. Nullopt if neither variable names an absolute path: the XDG Base Directory
/// Specification ignores others. The folder may not exist yet.
std::optional<std::filesystem::path> state_folder();

/// Does the same for files that may be deleted at any time: $XDG_CACHE_HOME/farebench, by default
/// ~/.cache/farebench.
std::optional<std::filesystem::path> cache_folder();

/// Return the folder of the running program in a build tree, otherwise state_folder() and cache_folder().
std::optional<std::filesystem::path> default_state_folder();
std::optional<std::filesystem::path> default_cache_folder();

/// Creates the folder and missing parents, which only the user can read, as the specification requires.
/// Throws std::system_error "create PATH".
void create_private_folders(const std::filesystem::path& folder);

}  // namespace farebench
