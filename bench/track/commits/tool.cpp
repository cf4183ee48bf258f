#include "bench/track/commits/tool.hpp"

#include <sys/wait.h>

#include <chrono>

#include "lib/system/child_process.hpp"

namespace farebench::track {
namespace {

using namespace std::chrono_literals;
using status = child_process::read_status;

}  // namespace

tool_result run_tool(const std::vector<std::string>& command, tool_errors errors) {
  // The shell finds the command and joins the streams, and becomes it.
  std::vector<std::string> arguments{
      "-c",
      errors == tool_errors::in_output ? "exec \"$@\" 2>&1 </dev/null" : "exec \"$@\" 2>/dev/null </dev/null",
      "sh"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  child_process running{{.executable = "/bin/sh", .arguments = std::move(arguments)}};
  tool_result result{.exit_code = -1, .output = {}};
  for (;;) {
    const auto read = running.read_line(1h);
    if (read.status == status::end_of_file) break;
    if (read.status == status::line) result.output += read.line + '\n';
  }
  while (!result.output.empty() && result.output.back() == '\n') result.output.pop_back();
  // Its output has ended, and so will it.
  auto ended = running.wait(1h);
  if (!ended) ended = running.stop();
  if (WIFEXITED(*ended)) result.exit_code = WEXITSTATUS(*ended);
  return result;
}

}  // namespace farebench::track
