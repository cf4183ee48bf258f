// The mock server: a site, an engine that serves it, and signals to end it.
#include <fmt/format.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"
#include "mock_server/engines/server_engine.hpp"
#include "mock_server/server_flags.hpp"
#include "mock_server/site/site.hpp"

namespace {

using namespace farebench;

// Blocks the signals that end the server, here and in all threads to come, so that main can wait for
// them; asks for one when the process that started us ends.
sigset_t block_ending_signals() {
  const pid_t starter = ::getppid();
  sigset_t ending;
  ::sigemptyset(&ending);
  ::sigaddset(&ending, SIGINT);
  ::sigaddset(&ending, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  // One that ended before prctl sends nothing. init, as a starter, is as good as any other.
  if (::getppid() != starter) ::raise(SIGTERM);
  return ending;
}

int serve(const server_flags& flags) {
  const sigset_t ending = block_ending_signals();
  if (flags.listen_publicly) {
    fmt::print(
        stderr,
        "mock_server: WARNING: listening on {}, for other machines to reach: its HTTP library has known, "
        "unfixed vulnerabilities\n",
        flags.host);
  }
  site tickets{flags.page_kb};
  raise_open_file_limit();
  const auto engine =
      make_engine(flags.engine, tickets,
                  {.host = flags.host, .port = flags.port, .latency = flags.latency, .faults = flags.faults});
  fmt::print("listening on {}:{}\n", flags.host, engine->port());
  std::fflush(stdout);
  int received = 0;
  ::sigwait(&ending, &received);
  engine->stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto asked = read_server_flags(argc, argv);
    if (const auto* end = std::get_if<server_end>(&asked)) {
      fmt::print(end->exit_code == 0 ? stdout : stderr, "{}\n", end->text);
      return end->exit_code;
    }
    return serve(std::get<server_flags>(asked));
  } catch (const std::exception& failed) {
    print_error("mock_server", failed.what());
    return 1;
  }
}
