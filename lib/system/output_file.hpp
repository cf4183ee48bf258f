#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "lib/system/file_descriptor.hpp"

namespace farebench {

/// Action of commit() if the target exists: replace it, or fail and keep it.
enum class if_exists { replace, keep };

/// Writes a file atomically. Before commit(), readers of the target see its old content; after it, all of the
/// new content. That holds even if the process, the disk or the machine fails in between. Not thread-safe.
///
/// The text goes to a part, TARGET.partial in the same folder, which is removed unless committed. The part of
/// a killed process remains until a later writer needs its name. Parts are locked while they are written, so
/// that simultaneous writers of one target have parts of their own (TARGET.2.partial). The last commit wins.
///
/// Symbolic links are followed, and an existing file keeps its mode and, if the process may give files away,
/// its owner. All else is written directly: devices, FIFOs (which wait for their reader) and open
/// descriptors; see replaced_file().
class output_file {
 public:
  /// Throws std::system_error "write PATH" if the target cannot be written, or is a file without permission
  /// to write.
  explicit output_file(const std::filesystem::path& path);
  ~output_file();
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;

  std::ostream& stream() { return stream_; }

  /// Keeps the part if the process is killed, for a text that is of use without its end.
  void keep_part_of_killed_process() noexcept;

  /// Synchronises the part to the disk and gives it the target's name. Throws std::system_error "write PATH"
  /// if a write failed; the target is unchanged then, unless only its folder could not be synchronised.
  void commit(if_exists action = if_exists::replace);

 private:
  class buffer;

  void create_part();
  void remove_part() noexcept;
  void forget_part() noexcept;

  std::filesystem::path target_;
  // Mode and owner of the existing file.
  std::optional<struct stat> existing_;
  // Empty if the target is written directly, and after the commit.
  std::filesystem::path part_;
  // Open on the part and holding its lock, or on the target.
  file_descriptor descriptor_;
  std::unique_ptr<buffer> buffer_;
  std::ostream stream_{nullptr};
};

/// Returns the path of the regular file that an output replaces or creates, at the end of symbolic links.
/// Returns nullopt for what is written directly: a device, a FIFO, a file without a name, "-" (standard
/// output), and a path that leads to an open descriptor, such as /dev/stdout and /dev/fd/3.
std::optional<std::filesystem::path> replaced_file(const std::filesystem::path& path);

/// Opens an output that is written directly. Throws std::system_error "write PATH".
file_descriptor open_directly(const std::filesystem::path& path);

/// Removes the parts of this process except kept ones, for an exit that destroys no objects. Thread-safe.
void remove_parts_before_exit() noexcept;

/// Writes `text` through an output_file. Creates missing folders. Throws std::system_error "write PATH".
void write_file(const std::filesystem::path& path, std::string_view text,
                if_exists action = if_exists::replace);

/// Removes the parts of killed processes from the folder, but none that is being written.
void remove_abandoned_parts(const std::filesystem::path& folder);

/// Returns the content of a file. Throws std::system_error "read PATH".
std::string read_file(const std::filesystem::path& path);

}  // namespace farebench
