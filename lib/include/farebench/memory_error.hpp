#pragma once

#include <string_view>

namespace farebench {

/// Why nothing can be told of a process's memory. The first three are ways of having ended, or of ending, so
/// that a sampler simply stops there.
enum class memory_error {
  gone,       ///< reaped: there is no such process
  zombie,     ///< ended, not yet reaped: its memory, and with it VmHWM, has been given back
  no_memory,  ///< none of its own: giving it back right now, a kernel thread, or, in statm, a zombie too
  malformed,  ///< text that isn't such a file's, or that of a kernel which lacks one of the fields
};

std::string_view to_string(memory_error error);

}  // namespace farebench
