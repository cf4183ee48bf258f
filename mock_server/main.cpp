// mock_server: a site, an engine that serves it, and signals that stop it.

#include <fmt/format.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <variant>

#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"
#include "mock_server/engines/server_engine.hpp"
#include "mock_server/server_flags.hpp"
#include "mock_server/site/site.hpp"

namespace {

using namespace farebench;

// Blocks SIGINT and SIGTERM in this thread and in those that it starts, so that sigwait() can receive them.
// Also requests a SIGTERM when the parent process ends.
sigset_t block_stop_signals() {
  const pid_t parent = ::getppid();
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  // A parent that ended before prctl() sends no signal.
  if (::getppid() != parent) ::raise(SIGTERM);
  return signals;
}

int serve(const server_flags& flags) {
  const sigset_t stop_signals = block_stop_signals();
  if (flags.listen_publicly) {
    print_error("mock_server",
                fmt::format("WARNING: other machines can reach {}; this is a test tool{}", flags.host,
                            flags.engine == engine_kind::cpp_httplib
                                ? ", and cpp-httplib has known, unfixed vulnerabilities"
                                : ""));
  }
  site served{flags.page_kb};
  raise_open_file_limit();
  const auto engine = make_engine(flags.engine, served,
                                  {.host = flags.host,
                                   .port = flags.port,
                                   .connections = flags.connections,
                                   .latency = flags.latency,
                                   .faults = flags.faults});
  print_output(fmt::format("listening on {}:{}\n", flags.host, engine->port()));
  int signal = 0;
  ::sigwait(&stop_signals, &signal);
  engine->stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto parsed = read_server_flags(argc, argv);
    if (const auto* exit = std::get_if<server_exit>(&parsed)) {
      if (exit->code == 0) print_output(exit->text + '\n');
      if (exit->code != 0) fmt::print(stderr, "{}\n", exit->text);
      return exit->code;
    }
    return serve(std::get<server_flags>(parsed));
  } catch (const std::exception& error) {
    print_error("mock_server", error.what());
    return 1;
  }
}
