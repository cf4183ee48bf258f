// farebench: command of an installed farebench → the program that does the work.

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "lib/system/build_identity.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/locations.hpp"

namespace {

using namespace farebench;
namespace fs = std::filesystem;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
/// Exit code of shells for a command that does not exist.
constexpr int exit_no_program = 127;

/// A command of farebench, and the program and first argument that it stands for.
struct command {
  std::string_view verb;
  std::string_view program;
  /// Empty: none.
  std::string_view first_argument;
  /// argv[0] of the program, for its usage text.
  std::string_view shown_as;
  std::string_view meaning;
};

constexpr std::array commands{
    command{"bench", "bench", "", "farebench bench", "measure strategies, and clients of your own"},
    command{"track", "track", "", "farebench track", "compare results, commits or clients; find regressions"},
    command{"fares", "fares", "", "farebench fares", "scrape fares, by default from an embedded mock server"},
    command{"report", "track", "report", "farebench", "write result files as one HTML page"},
    command{"serve", "mock_server", "", "farebench serve", "run the mock server of the fare site"},
    command{"check-client", "bench", "--check-client", "farebench bench",
            "check that a program can be measured as a client"},
};

constexpr std::string_view usage_head =
    R"(Measures which way of running N HTTP round trips in parallel costs the least time and memory.

Usage: farebench COMMAND [ARGUMENT...]
       farebench help COMMAND
       farebench --version

Commands:
)";

constexpr std::string_view usage_notes = R"(
Examples:
  farebench bench                                     the default workload, five repetitions
  farebench bench --benchmark_out=run.json            keep the result; memory over time in run.timeline.json
  farebench report run.json --out page.html           the result as a page that works offline
  farebench fares --from ID10202003 --to ID10202002   fares of the next 100 days, as a table
  farebench serve --latency 80ms --port 8080          the site, for clients of your own
  farebench check-client './client --fast'            does it keep the protocol of a client?

Exit codes: those of the command, which its --help lists; 2 usage error; 127 the command's program is
missing or cannot be run.
)";

constexpr std::string_view check_client_usage =
    R"(Checks that a program can be measured as a client: that it keeps the protocol of docs/clients.md.
Prints a line per check, with what to change.

Usage: farebench check-client COMMAND [--task T]

  COMMAND     The client's command, as one argument: './client --fast'.
  --task T    Checks one task only: get or scrape. Default: both.

Example:
  farebench check-client 'python3 client.py'

Exit codes: 0 all checks passed; 1 a check failed; 2 usage error.
See also: farebench bench --client, which measures the client.
)";

void print_error(std::string_view text) { farebench::print_error("farebench", text); }

std::string usage() {
  std::string text{usage_head};
  for (const auto& one : commands) text += fmt::format("  {:<14}{}\n", one.verb, one.meaning);
  return text += usage_notes;
}

bool is_help(std::string_view argument) { return argument == "-h" || argument == "--help"; }

const command* find_command(std::string_view verb) {
  for (const auto& one : commands)
    if (one.verb == verb) return &one;
  return nullptr;
}

int refuse_verb(std::string_view verb) {
  std::vector<std::string> known{"help"};
  for (const auto& one : commands) known.emplace_back(one.verb);
  print_error(fmt::format("no command '{}': farebench --help lists them{}", verb, did_you_mean(verb, known)));
  return exit_usage;
}

/// Returns the folder of the programs: the installed one, or the own folder in a build.
fs::path folder_of_programs() {
  const auto here = program_folder();
  return is_in_build_tree() ? here : (here / FAREBENCH_PROGRAMS_FROM_BIN).lexically_normal();
}

/// Replaces this process by the command's program. Returns an exit code if that fails.
int execute(const command& chosen, const std::vector<std::string>& arguments) {
  const auto path = (folder_of_programs() / chosen.program).string();
  std::vector<std::string> texts{std::string{chosen.shown_as}};
  if (!chosen.first_argument.empty()) texts.emplace_back(chosen.first_argument);
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(texts.size() + 1);
  for (auto& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  ::execv(path.c_str(), argv.data());
  const std::error_code error{errno, std::generic_category()};
  if (error == std::errc::argument_list_too_long) {
    print_error(fmt::format("{}: {}", chosen.verb, error.message()));
    return exit_usage;
  }
  print_error(
      fmt::format("{}: cannot run {}: {}; install farebench again", chosen.verb, path, error.message()));
  return exit_no_program;
}

/// Runs bench, whose flag takes the client's command. Its --help would be that of all of bench.
int check_client(const command& chosen, const std::vector<std::string>& arguments) {
  if (!arguments.empty() && is_help(arguments.front())) {
    print_output(check_client_usage);
    return 0;
  }
  if (arguments.empty() || arguments.front().starts_with('-')) {
    print_error("check-client: begin with the client's command: farebench check-client './client --fast'");
    return exit_usage;
  }
  return execute(chosen, arguments);
}

int run(std::vector<std::string> arguments) {
  if (arguments.empty()) {
    print_error("name a command: farebench --help lists them");
    return exit_usage;
  }
  auto verb = arguments.front();
  arguments.erase(arguments.begin());
  if (verb == "help" && !arguments.empty()) {
    verb = arguments.front();
    arguments = {"--help"};
  }
  if (verb == "help" || is_help(verb)) {
    print_output(usage());
    return 0;
  }
  if (verb == "--version") {
    print_output(version_line() + '\n');
    return 0;
  }
  const auto* const chosen = find_command(verb);
  if (chosen == nullptr) return refuse_verb(verb);
  if (chosen->verb == "check-client") return check_client(*chosen, arguments);
  return execute(*chosen, arguments);
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_streams();
  try {
    return run({argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const std::exception& error) {
    print_error(error.what());
    return exit_failed;
  }
}
