#include "bench/run_lock.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <optional>

namespace farebench {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Optional;

class locked_run : public testing::Test {
 protected:
  locked_run() {
    std::string pattern = fs::temp_directory_path() / "farebench-lock-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~locked_run() override { fs::remove_all(folder_); }

  fs::path path() const { return folder_ / "lock"; }

  fs::path folder_;
};

TEST_F(locked_run, second_lock_warns_with_pid_of_first) {
  const run_lock first{path()};
  EXPECT_EQ(first.warning(), std::nullopt);
  const run_lock second{path()};
  EXPECT_THAT(second.warning(), Optional(HasSubstr(fmt::format("(PID {})", ::getpid()))));
}

TEST_F(locked_run, released_lock_is_free) {
  std::optional<run_lock> first{path()};
  first.reset();
  EXPECT_EQ(run_lock{path()}.warning(), std::nullopt);
}

TEST_F(locked_run, file_is_private) {
  const run_lock lock{path()};
  EXPECT_EQ(fs::status(path()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(locked_run, link_is_not_followed) {
  const fs::path target = folder_ / "target";
  std::ofstream{target} << "kept";
  fs::create_symlink(target, path());
  EXPECT_EQ(run_lock{path()}.warning(), std::nullopt);
  fs::remove(path());
  fs::create_hard_link(target, path());
  EXPECT_EQ(run_lock{path()}.warning(), std::nullopt);
  EXPECT_EQ(fs::file_size(target), 4u);
}

TEST_F(locked_run, unusable_path_locks_nothing) {
  EXPECT_EQ(run_lock{folder_ / "no" / "such"}.warning(), std::nullopt);
  EXPECT_EQ(run_lock{folder_}.warning(), std::nullopt);
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  EXPECT_EQ(run_lock{path()}.warning(), std::nullopt);
}

}  // namespace
}  // namespace farebench
