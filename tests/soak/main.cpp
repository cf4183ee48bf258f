// soak: flags → a campaign of cases, or the check of the mutants → one line, exit code.

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "lib/cli/standard_streams.hpp"
#include "mock_server/process/mock_server_process.hpp"
#include "tests/soak/campaign.hpp"
#include "tests/soak/flags.hpp"
#include "tests/soak/mutant_check.hpp"

namespace {

using namespace farebench;
using namespace farebench::soak;

volatile std::sig_atomic_t interrupted = 0;

/// The first Ctrl-C ends the soak with what there is, the second one at once.
void note_interrupt(int) {
  interrupted = 1;
  std::signal(SIGINT, SIG_DFL);
}

/// A case by seed rather than by scenario: so that all scenarios have had their turn when one ends early.
std::vector<soak_case> cases_of(const soak_flags& flags) {
  std::vector<soak_case> cases;
  for (std::size_t i = 0; i < flags.seeds; ++i) {
    for (const auto* const one : flags.scenarios) cases.push_back({one, flags.first_seed + i});
  }
  return cases;
}

std::string how_to_repeat(const soak_case& at, std::string_view strategy, const breach& what,
                          const soak_flags& flags) {
  const bool compares = what.broken == law::same_everywhere && strategy != flags.strategies.front();
  return fmt::format("./dev soak --faults {} --strategies {}{} --first-seed {} --seeds 1", at.how->name,
                     compares ? flags.strategies.front() + "," : "", strategy, at.seed);
}

/// Throws where none can be started: that is no strategy's fault.
void start_a_site() { const mock_server_process site{{.engine = engine_kind::beast}}; }

int run_soak(const soak_flags& flags) {
  const bool shows = ::isatty(STDERR_FILENO) == 1;
  const auto clear = [&] {
    if (shows) fmt::print(stderr, "\r\x1b[K");
  };
  const campaign what{.cases = cases_of(flags), .strategies = flags.strategies, .jobs = flags.jobs};
  const std::size_t total = what.cases.size() * what.strategies.size();
  std::size_t told_runs = 0;
  std::size_t told_breaches = 0;
  constexpr std::size_t most_told = 200;
  const campaign_listener listener{
      .on_breach =
          [&](const soak_case& at, std::string_view strategy, const breach& found) {
            if (++told_breaches > most_told) return;
            clear();
            fmt::print(stderr, "soak: {} broken: {}, {}, seed {}: {}\nsoak:   again: {}\n",
                       name_of(found.broken), strategy, at.how->name, at.seed, found.detail,
                       how_to_repeat(at, strategy, found, flags));
            if (told_breaches == most_told) fmt::print(stderr, "soak: and more, which are counted only\n");
          },
      .on_progress =
          [&](const tally& so_far) {
            const auto text = fmt::format("{} of {}: {}", so_far.runs, total, text_of(so_far));
            if (shows) {
              fmt::print(stderr, "\r\x1b[Ksoak: {}", text);
            } else if (so_far.runs >= told_runs + total / 20 + 1) {
              told_runs = so_far.runs;
              fmt::print(stderr, "soak: {}\n", text);
            }
          }};
  std::signal(SIGPIPE, SIG_IGN);  // of a process that has just ended; each of them sets its own back
  std::signal(SIGINT, &note_interrupt);
  const auto all = run_campaign(what, listener, [] { return interrupted != 0; });
  clear();
  fmt::print("{}\n", text_of(all));
  if (interrupted != 0) {
    complain("soak", fmt::format("interrupted after {} of {} runs", all.runs, total));
    return 130;
  }
  return all.all_held() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_streams();
  try {
    const auto asked = read_soak_flags(argc, argv);
    if (const auto* const end = std::get_if<soak_end>(&asked)) {
      fmt::print(end->exit_code == 0 ? stdout : stderr, "{}\n", end->text);
      return end->exit_code;
    }
    const auto& flags = std::get<soak_flags>(asked);
    start_a_site();
    if (flags.checks_mutants) {
      return check_mutants([](const std::string& line) { fmt::print("{}\n", line); }) ? 0 : 1;
    }
    return run_soak(flags);
  } catch (const std::exception& fault) {
    complain("soak", fault.what());
    return 2;
  }
}
