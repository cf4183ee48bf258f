#include "bench/run_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace farebench {

std::filesystem::path run_lock_path() { return fmt::format("/tmp/farebench-{}.lock", ::geteuid()); }

run_lock::run_lock(const std::filesystem::path& path)
    : file_{::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600)} {
  struct stat status{};
  // Another user may have created the path, to keep this program waiting or to have it overwrite a file.
  if (file_.get() < 0 || ::fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_uid != ::geteuid() || status.st_nlink != 1) {
    file_.reset();
    return;
  }
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0) {
    const auto pid = fmt::format("{}\n", ::getpid());
    // Only the warning's text depends on it.
    if (::ftruncate(file_.get(), 0) == 0) (void)!::pwrite(file_.get(), pid.data(), pid.size(), 0);
    return;
  }
  if (errno != EWOULDBLOCK) return;
  std::array<char, 16> text{};
  const auto size = ::pread(file_.get(), text.data(), text.size(), 0);
  std::string pid{text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  if (const auto end = pid.find_first_not_of("0123456789"); end != std::string::npos) pid.resize(end);
  warning_ = fmt::format("another measurement is running (PID {}): each will disturb the other's figures",
                         pid.empty() ? "unknown" : pid);
}

}  // namespace farebench
