#pragma once

#include <sys/resource.h>

namespace farebench {

/// Raises the process's limit of open files as far as it may: each connection is one, and the usual soft
/// limit of 1,024 is there for programs that use select(). For a program's main; a library leaves the limit
/// alone.
inline void allow_as_many_open_files_as_possible() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace farebench
