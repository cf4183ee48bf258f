#include "bench/track/commits.hpp"

#include <gtest/gtest.h>

#include "bench/track/recordings.hpp"

namespace farebench::track {
namespace {

using namespace std::string_literals;

const std::string built_from(40, 'a');
const std::string other(40, 'b');

std::string program_of(const std::string& id, char build_id, const std::string& code = "code") {
  return code + "\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0"s + std::string(20, build_id) + "text " + id + " and " +
         id;
}

TEST(sha256, is_that_of_the_standard) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(program_hash, is_the_same_for_commits_that_differ_in_their_ids_alone) {
  EXPECT_EQ(program_hash_of_bytes(program_of(built_from, 1), built_from),
            program_hash_of_bytes(program_of(other, 2), other));
}

TEST(program_hash, is_another_when_the_code_is) {
  EXPECT_NE(program_hash_of_bytes(program_of(built_from, 1), built_from),
            program_hash_of_bytes(program_of(built_from, 1, "edoc"), built_from));
  EXPECT_NE(program_hash_of_bytes(program_of(built_from, 1) + "x", built_from),
            program_hash_of_bytes(program_of(built_from, 1), built_from));
}

TEST(program_hash, of_a_program_that_tells_nothing_of_its_commit_is_that_of_its_bytes) {
  EXPECT_EQ(program_hash_of_bytes("bytes", built_from), sha256("bytes"));
  EXPECT_EQ(program_hash_of_bytes("bytes", ""), sha256("bytes"));
}

}  // namespace
}  // namespace farebench::track
