#include "lib/system/locations.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

namespace farebench {
namespace {

namespace fs = std::filesystem;

/// Sets variables of the environment, or removes them with nullptr. The destructor restores them.
class changed_variable {
 public:
  changed_variable(const char* name, const char* value) : name_{name} {
    if (const char* const before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~changed_variable() { set(before_ ? before_->c_str() : nullptr); }
  changed_variable(const changed_variable&) = delete;
  changed_variable& operator=(const changed_variable&) = delete;

 private:
  void set(const char* value) const {
    if (value != nullptr) {
      ::setenv(name_, value, 1);
    } else {
      ::unsetenv(name_);
    }
  }

  const char* name_;
  std::optional<std::string> before_;
};

TEST(locations, tests_are_in_the_build_tree) { EXPECT_TRUE(is_in_build_tree()); }

TEST(locations, program_folder_has_the_running_program) {
  EXPECT_EQ(program_folder(), fs::read_symlink("/proc/self/exe").parent_path());
}

TEST(locations, xdg_variables_win_over_home) {
  const changed_variable home{"HOME", "/home/user"};
  const changed_variable state{"XDG_STATE_HOME", "/state"};
  const changed_variable cache{"XDG_CACHE_HOME", "/cache"};
  EXPECT_EQ(state_folder(), fs::path{"/state/farebench"});
  EXPECT_EQ(cache_folder(), fs::path{"/cache/farebench"});
}

TEST(locations, unset_empty_or_relative_xdg_gives_default) {
  const changed_variable home{"HOME", "/home/user"};
  for (const char* ignored : {static_cast<const char*>(nullptr), "", "relative", "./here"}) {
    const changed_variable state{"XDG_STATE_HOME", ignored};
    const changed_variable cache{"XDG_CACHE_HOME", ignored};
    EXPECT_EQ(state_folder(), fs::path{"/home/user/.local/state/farebench"});
    EXPECT_EQ(cache_folder(), fs::path{"/home/user/.cache/farebench"});
  }
}

TEST(locations, without_home_is_no_folder) {
  const changed_variable home{"HOME", nullptr};
  const changed_variable state{"XDG_STATE_HOME", nullptr};
  const changed_variable cache{"XDG_CACHE_HOME", "relative"};
  EXPECT_EQ(state_folder(), std::nullopt);
  EXPECT_EQ(cache_folder(), std::nullopt);
}

TEST(create_private_folders, new_folders_are_the_users_alone) {
  const auto base = fs::temp_directory_path() / ("farebench-locations-" + std::to_string(::getpid()));
  fs::create_directory(base);
  create_private_folders(base / "new" / "inner");
  struct stat status{};
  ASSERT_EQ(::stat((base / "new").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0700u);
  EXPECT_NO_THROW(create_private_folders(base / "new" / "inner"));
  fs::remove_all(base);
}

TEST(create_private_folders, file_in_the_way_is_an_error) {
  EXPECT_THROW(create_private_folders("/proc/version/farebench"), std::system_error);
}

}  // namespace
}  // namespace farebench
