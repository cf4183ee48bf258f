#pragma once

#include <sys/types.h>

#include "mock_server/process/child_process.hpp"

namespace farebench {

/// Starts the program with `input` as its standard input and `output` as its standard output; returns
/// when it is running it. Throws std::system_error naming the call and the executable, with no child left.
pid_t spawn(const child_process::options& what, int input, int output);

}  // namespace farebench
