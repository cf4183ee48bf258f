#include "bench/track/files/whole_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include "bench/track/track_error.hpp"
#include "lib/system/file_descriptor.hpp"

namespace farebench::track {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class whole_file : public testing::Test {
 protected:
  whole_file() {
    std::string pattern = fs::temp_directory_path() / "farebench-whole-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~whole_file() override { fs::remove_all(folder_); }

  std::ptrdiff_t files() const {
    return std::distance(fs::directory_iterator{folder_}, fs::directory_iterator{});
  }

  fs::path folder_;
};

TEST_F(whole_file, is_written_with_nothing_beside_it) {
  write_whole_file(folder_ / "a", "text", if_there::keep_it);
  EXPECT_EQ(read_whole_file(folder_ / "a"), "text");
  EXPECT_EQ(files(), 1);
}

TEST_F(whole_file, makes_the_folders_that_it_needs) {
  write_whole_file(folder_ / "b" / "c" / "d", "text", if_there::keep_it);
  EXPECT_EQ(read_whole_file(folder_ / "b" / "c" / "d"), "text");
}

TEST_F(whole_file, replaces_or_keeps_what_is_there_as_it_was_told) {
  write_whole_file(folder_ / "a", "one", if_there::keep_it);
  EXPECT_THROW(write_whole_file(folder_ / "a", "two", if_there::keep_it), std::system_error);
  EXPECT_EQ(read_whole_file(folder_ / "a"), "one");
  write_whole_file(folder_ / "a", "three", if_there::replace_it);
  EXPECT_EQ(read_whole_file(folder_ / "a"), "three");
  EXPECT_EQ(files(), 1);
}

TEST_F(whole_file, a_full_disk_leaves_the_old_state) {
  write_whole_file(folder_ / "a", "old", if_there::keep_it);
  // What a process may write at most stands for a disk that is full: the write fails half way.
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_THROW(write_whole_file(folder_ / "a", std::string(5000, 'x'), if_there::replace_it),
               std::system_error);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(read_whole_file(folder_ / "a"), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(whole_file, a_place_that_cannot_be_taken_leaves_the_old_state_and_is_named) {
  fs::create_directories(folder_ / "a" / "b");
  try {
    write_whole_file(folder_ / "a", "text", if_there::replace_it);
    FAIL() << "a folder was replaced";
  } catch (const std::system_error& fault) {
    EXPECT_THAT(fault.what(), HasSubstr((folder_ / "a").string()));
  }
  EXPECT_TRUE(fs::is_directory(folder_ / "a" / "b"));
  EXPECT_EQ(files(), 1);
  std::ofstream{folder_ / "file"} << "x";
  EXPECT_THROW(write_whole_file(folder_ / "file" / "a", "text", if_there::keep_it), std::system_error);
  EXPECT_THROW(write_whole_file("/proc/no/such/place", "text", if_there::keep_it), std::system_error);
}

TEST_F(whole_file, removes_what_was_abandoned_and_nothing_that_is_being_written) {
  std::ofstream{folder_ / ".a.json.1.partial"} << "half";
  std::ofstream{folder_ / ".b.json.2.partial"} << "half";
  std::ofstream{folder_ / "c.json"} << "whole";
  const file_descriptor writer{open((folder_ / ".b.json.2.partial").c_str(), O_WRONLY)};
  ASSERT_EQ(flock(writer.get(), LOCK_EX), 0);
  remove_abandoned_parts(folder_);
  EXPECT_FALSE(fs::exists(folder_ / ".a.json.1.partial"));
  EXPECT_TRUE(fs::exists(folder_ / ".b.json.2.partial"));
  EXPECT_TRUE(fs::exists(folder_ / "c.json"));
  remove_abandoned_parts(folder_ / "not there");
}

TEST_F(whole_file, that_is_not_there_cannot_be_read) {
  EXPECT_THROW(read_whole_file(folder_ / "a"), track_error);
  EXPECT_THROW(read_whole_file(folder_), track_error);
}

}  // namespace
}  // namespace farebench::track
