#include "lib/cli/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "lib/cli/printable.hpp"

namespace farebench {

void complain(std::string_view program, std::string_view text) noexcept {
  try {
    std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(program.size()), program.data(),
                 printable(text).c_str());
  } catch (...) {
    std::fprintf(stderr, "%.*s: no memory to say why\n", static_cast<int>(program.size()), program.data());
  }
}

void open_missing_standard_streams() noexcept {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest free number is the one that is given: that of the stream itself. A missing output is opened
    // for reading, so that writing to it fails and is noticed.
    if (fcntl(stream, F_GETFD) < 0) open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY);
  }
}

}  // namespace farebench
