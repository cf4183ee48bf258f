#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>

#include "bench/output/rows.hpp"
#include "lib/system/file_descriptor.hpp"

namespace farebench {

/// File to which each repetition is appended when it completes, so that a killed bench loses none: results
/// are written at the end only. A line is one write(2). The first is
///   {"journal":1,"started":"2024-05-01T12:00:00Z","context":{"commit":"…",…}}
/// the others, without inapplicable members:
///   {"name":"fetch/…","repetition":0,"real_time_ms":46.1,"columns":{"fares":1200,…},
///    "item_histogram":[[1184,3],…],"failure":"…","warning":"…"}
/// each in one line.
/// Not thread-safe.
class row_journal {
 public:
  /// Renames an existing journal to PATH.previous, at the end of symbolic links, and gives the new one its
  /// mode. Writes what replaced_file() excludes directly. Throws std::system_error naming the path.
  row_journal(std::filesystem::path path, const std::map<std::string, std::string>& context);

  /// `name` is benchmark_case::name(). A line that cannot be written, for example on a full disk, is left out
  /// as a whole. The first one gives a message on standard error.
  void append(const std::string& name, int repetition, const finished_row& row);

 private:
  void append_line(std::string line);

  std::filesystem::path path_;
  file_descriptor file_;
  off_t size_ = 0;
  bool has_failed_ = false;
};

}  // namespace farebench
