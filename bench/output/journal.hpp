#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>

#include "bench/output/rows.hpp"

namespace farebench {

/// A file that gets one line of JSON for each finished repetition, at once: Google Benchmark hands
/// out its rows only when all repetitions of a case are done, and its file is whole only at the end,
/// so that a bench that is killed would lose what it had measured. Each line is one write(2), and
/// what the kernel has taken survives the process. The first line is the run's:
///   {"journal":1,"started":"2024-05-01T12:00:00Z","context":{"commit":"…",…}}
/// and then, with what is absent absent:
///   {"name":"fetch/…","repetition":0,"real_time_ms":46.1,"columns":{"fares":1200,…},"failure":"…","warning":"…"}
/// One thread; owns the descriptor.
class row_journal {
 public:
  /// A journal that is there already becomes `<path>.previous`, in place of an older one. Throws
  /// std::system_error naming the path when the file can't be made.
  row_journal(std::filesystem::path path, const std::map<std::string, std::string>& context);
  ~row_journal();
  row_journal(const row_journal&) = delete;
  row_journal& operator=(const row_journal&) = delete;

  /// `name` is the one that the benchmark was registered with. A line that can't be written (the disk
  /// is full) is left out whole and said once on standard error: the run is worth more than its journal.
  void append(const std::string& name, int repetition, const finished_row& row);

 private:
  void append_line(std::string line);

  std::filesystem::path path_;
  int descriptor_;
  off_t size_ = 0;
  bool has_failed_ = false;
};

}  // namespace farebench
