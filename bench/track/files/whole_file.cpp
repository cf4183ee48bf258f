#include "bench/track/files/whole_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <system_error>

#include "bench/track/track_error.hpp"
#include "lib/system/file_descriptor.hpp"

namespace farebench::track {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view part_suffix = ".partial";

[[noreturn]] void throw_errno(const fs::path& path) {
  throw std::system_error{errno, std::generic_category(), "write " + path.string()};
}

/// The file under its provisional name: gone with this object unless it was given its own. Locked for as
/// long as it is being written, so that others can tell it from one that was abandoned.
class part {
 public:
  explicit part(const fs::path& target)
      : target_{target},
        path_{target.parent_path() /
              fmt::format(".{}.{}{}", target.filename().string(), ::getpid(), part_suffix)},
        file_{::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)} {
    if (file_.get() < 0 || ::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) throw_errno(target_);
  }
  ~part() { ::unlink(path_.c_str()); }
  part(const part&) = delete;
  part& operator=(const part&) = delete;

  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = ::write(file_.get(), text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw_errno(target_);
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fsync(file_.get()) != 0) throw_errno(target_);
  }

  void take_its_place(if_there what) const {
    // A link fails where there is a file of that name; a rename takes its place.
    const int status = what == if_there::keep_it ? ::link(path_.c_str(), target_.c_str())
                                                 : std::rename(path_.c_str(), target_.c_str());
    if (status != 0) throw_errno(target_);
  }

 private:
  const fs::path& target_;
  const fs::path path_;
  const file_descriptor file_;
};

/// Only then does the file keep its name when the machine loses its power.
void synchronise_folder(const fs::path& folder) {
  const file_descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) throw_errno(folder);
}

}  // namespace

void write_whole_file(const fs::path& path, std::string_view text, if_there what) {
  const fs::path target = fs::absolute(path);
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  if (error) throw std::system_error{error, "write " + path.string()};
  {
    const part written{target};
    written.write(text);
    written.take_its_place(what);
  }
  synchronise_folder(target.parent_path());
}

void remove_abandoned_parts(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{folder, ignored}) {
    if (!entry.path().filename().string().ends_with(part_suffix)) continue;
    const file_descriptor opened{::open(entry.path().c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (opened.get() >= 0 && ::flock(opened.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(entry.path().c_str());
  }
}

std::string read_whole_file(const fs::path& path) {
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  std::string text;
  if (file && !fs::is_directory(path)) {
    text.assign(std::istreambuf_iterator<char>{file}, {});
    if (!file.bad()) return text;
  }
  throw track_error{fmt::format("{} cannot be read: {}", path.string(),
                                std::generic_category().message(errno != 0 ? errno : EISDIR))};
}

}  // namespace farebench::track
