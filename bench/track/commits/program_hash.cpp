#include "bench/track/commits/program_hash.hpp"

#include <algorithm>

#include "bench/track/files/sha256.hpp"
#include "bench/track/files/strict_json.hpp"

namespace farebench::track {
namespace {

using namespace std::string_view_literals;

/// The head of an ELF note that holds a build id of 20 bytes: sizes of name and description, its type
/// (NT_GNU_BUILD_ID), its owner. Little-endian, as on every machine that this runs on.
constexpr std::string_view build_id_head = "\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0"sv;
constexpr std::size_t build_id_size = 20;

}  // namespace

std::string program_hash_of_bytes(std::string bytes, std::string_view commit) {
  if (!commit.empty()) {
    for (auto at = bytes.find(commit); at != std::string::npos; at = bytes.find(commit, at + commit.size()))
      bytes.replace(at, commit.size(), commit.size(), '0');
  }
  if (const auto note = bytes.find(build_id_head); note != std::string::npos) {
    const auto begin = note + build_id_head.size();
    const auto size = std::min(build_id_size, bytes.size() - begin);
    bytes.replace(begin, size, size, '\0');
  }
  return sha256(bytes);
}

std::string program_hash(const std::filesystem::path& program, std::string_view commit) {
  return program_hash_of_bytes(read_input_file(program), commit);
}

}  // namespace farebench::track
