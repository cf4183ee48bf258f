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
  if (errors_file < 0) throw std::runtime_error{"mkstemp failed"};
  close(errors_file);

  finished_command result;
  FILE* const pipe = popen(("{ " + command + "\n} 2>" + errors_path).c_str(), "r");
  if (!pipe) throw std::runtime_error{"popen failed"};
  std::array<char, 4096> buffer;
  while (const auto count = fread(buffer.data(), 1, buffer.size(), pipe))
    result.output.append(buffer.data(), count);
  const int status = pclose(pipe);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  std::ifstream errors{errors_path};
  result.errors.assign(std::istreambuf_iterator<char>{errors}, {});
  std::filesystem::remove(errors_path);
  return result;
}

}  // namespace farebench::test
