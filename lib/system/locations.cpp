#include "lib/system/locations.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace farebench {
namespace {

namespace fs = std::filesystem;

/// Returns an environment variable that is an absolute path.
std::optional<fs::path> absolute_path_of(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr || *text != '/') return std::nullopt;
  return fs::path{text};
}

/// Returns the folder of an XDG variable, or the default below the home folder.
std::optional<fs::path> user_folder(const char* variable, const char* below_home) {
  if (const auto chosen = absolute_path_of(variable)) return *chosen / "farebench";
  if (const auto home = absolute_path_of("HOME")) return *home / below_home / "farebench";
  return std::nullopt;
}

}  // namespace

fs::path program_folder() { return fs::read_symlink("/proc/self/exe").parent_path(); }

bool is_in_build_tree() {
  // Programs are in bin, tests in bin/tests. A folder that is installed may be inside a build.
  auto folder = program_folder();
  if (folder.filename() == "tests") folder = folder.parent_path();
  std::error_code ignored;
  return fs::exists(folder.parent_path() / "CMakeCache.txt", ignored);
}

std::optional<fs::path> state_folder() { return user_folder("XDG_STATE_HOME", ".local/state"); }

std::optional<fs::path> cache_folder() { return user_folder("XDG_CACHE_HOME", ".cache"); }

std::optional<fs::path> default_state_folder() {
  return is_in_build_tree() ? std::optional{program_folder()} : state_folder();
}

std::optional<fs::path> default_cache_folder() {
  return is_in_build_tree() ? std::optional{program_folder()} : cache_folder();
}

void create_private_folders(const fs::path& folder) {
  fs::path path;
  for (const auto& part : folder) {
    path /= part;
    std::error_code ignored;
    if (path.empty() || fs::exists(path, ignored)) continue;
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
      throw std::system_error{errno, std::generic_category(), "create " + path.string()};
  }
}

}  // namespace farebench
