#include "lib/system/output_file.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace farebench {
namespace {

namespace fs = std::filesystem;

class result_file_test : public testing::Test {
 protected:
  result_file_test() {
    std::string pattern = fs::temp_directory_path() / "farebench-result-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    std::ofstream{path()} << "older";
  }
  ~result_file_test() override { fs::remove_all(folder_); }

  fs::path path() const { return folder_ / "out"; }
  std::string content() const {
    std::ifstream in{path()};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator{folder_}, {}); }

  fs::path folder_;
};

TEST_F(result_file_test, leaves_the_older_one_until_it_is_whole) {
  output_file file{path()};
  file.stream() << "newer" << std::flush;
  EXPECT_EQ(content(), "older");
  file.commit();
  EXPECT_EQ(content(), "newer");
  EXPECT_EQ(files(), 1);
}

TEST_F(result_file_test, without_a_commit_leaves_nothing) {
  {
    output_file file{path()};
    file.stream() << "half";
  }
  EXPECT_EQ(content(), "older");
  EXPECT_EQ(files(), 1);
}

TEST_F(result_file_test, follows_a_link_and_writes_to_what_is_no_file_directly) {
  fs::create_symlink("out", folder_ / "link");
  output_file file{folder_ / "link"};
  file.stream() << "newer";
  file.commit();
  EXPECT_EQ(content(), "newer");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  output_file nowhere{"/dev/null"};
  nowhere.stream() << "gone";
  nowhere.commit();
}

TEST_F(result_file_test, says_where_it_cannot_be_written) {
  EXPECT_THROW(output_file{folder_ / "no" / "folder"}, std::system_error);
  output_file full{"/dev/full"};
  full.stream() << "more than there is room for";
  EXPECT_THROW(full.commit(), std::system_error);
}

}  // namespace
}  // namespace farebench
