#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace farebench::track {

/// SHA-256 of a program without what tells its commit and nothing else: the id that it was built with, and
/// the linker's build id, which follows from it. So commits that change no code of the client have one
/// program, and comparing them is an A/A. Throws track_error when it cannot be read.
std::string program_hash(const std::filesystem::path& program, std::string_view commit);

/// The same of a program's bytes.
std::string program_hash_of_bytes(std::string bytes, std::string_view commit);

}  // namespace farebench::track
