#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace farebench::track {

/// What to do about a file of that name that is there already.
enum class if_there { keep_it, replace_it };

/// Puts a file in its place all at once: it is written under another name in the same folder, synchronised
/// to the disk, given its own name, and the folder is synchronised too. So whenever the process, the disk or
/// the machine gives up, there is the whole new file or what was there before. The folder is made when it is
/// not there. Throws std::system_error naming the path; then nothing has changed.
void write_whole_file(const std::filesystem::path& path, std::string_view text, if_there what);

/// What a killed writer may have left in a folder: removed, unless its writer is still at it.
void remove_abandoned_parts(const std::filesystem::path& folder);

/// All of a file. Throws track_error (exit code 2) naming the path when it cannot be read.
std::string read_whole_file(const std::filesystem::path& path);

}  // namespace farebench::track
