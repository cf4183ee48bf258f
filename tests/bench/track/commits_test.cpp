#include "bench/track/commits.hpp"

#include <gtest/gtest.h>

#include "bench/track/recordings.hpp"

namespace farebench::track {
namespace {

using namespace std::string_literals;

const std::string commit_id(40, 'a');
const std::string other_id(40, 'b');

std::string program_of(const std::string& id, char build_id, const std::string& code = "code") {
  return code + "\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0"s + std::string(20, build_id) + "text " + id + " and " +
         id;
}

TEST(sha256, matches_the_standard) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(program_hash, commits_with_equal_code_have_one_hash) {
  EXPECT_EQ(program_hash_of_bytes(program_of(commit_id, 1), commit_id),
            program_hash_of_bytes(program_of(other_id, 2), other_id));
}

TEST(program_hash, different_code_changes_the_hash) {
  EXPECT_NE(program_hash_of_bytes(program_of(commit_id, 1), commit_id),
            program_hash_of_bytes(program_of(commit_id, 1, "edoc"), commit_id));
  EXPECT_NE(program_hash_of_bytes(program_of(commit_id, 1) + "x", commit_id),
            program_hash_of_bytes(program_of(commit_id, 1), commit_id));
}

TEST(program_hash, program_without_commit_id_is_hashed_as_it_is) {
  EXPECT_EQ(program_hash_of_bytes("bytes", commit_id), sha256("bytes"));
  EXPECT_EQ(program_hash_of_bytes("bytes", ""), sha256("bytes"));
}

}  // namespace
}  // namespace farebench::track
