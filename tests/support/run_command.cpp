#include "tests/support/run_command.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace farebench::test {

finished_command run_command(const std::string& command) {
  std::string errors_path = std::filesystem::temp_directory_path() / "farebench-test-XXXXXX";
  const int errors_file = mkstemp(errors_path.data());
  if (errors_file < 0) throw std::runtime_error{"mkstemp"};
  close(errors_file);

  finished_command out;
  FILE* const pipe = popen(("{ " + command + "\n} 2>" + errors_path).c_str(), "r");
  if (!pipe) throw std::runtime_error{"popen"};
  std::array<char, 4096> piece;
  while (const auto count = fread(piece.data(), 1, piece.size(), pipe))
    out.output.append(piece.data(), count);
  const int status = pclose(pipe);
  out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  std::ifstream errors{errors_path};
  out.errors.assign(std::istreambuf_iterator<char>{errors}, {});
  std::filesystem::remove(errors_path);
  return out;
}

}  // namespace farebench::test
