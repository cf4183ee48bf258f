#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "farebench/strategy.hpp"
#include "lib/system/command_line.hpp"
#include "mock_server/mock_server_process.hpp"
#include "tools/soak/campaign.hpp"
#include "tools/soak/scenario.hpp"

namespace farebench::soak {

/// What the command line of `soak` asks for.
struct soak_flags {
  std::vector<const scenario*> scenarios;
  std::vector<std::string> strategies;
  std::uint64_t first_seed = 1;
  std::size_t seeds = 10;
  std::size_t jobs = 0;
  bool checks_mutants = false;
};

/// The command line asked for a text (--help) or was refused: print it and end.
struct soak_end {
  int exit_code;     ///< 0: text to standard output; 2: a refusal, one line to standard error
  std::string text;  ///< without its last newline
};

std::variant<soak_flags, soak_end> read_soak_flags(int argc, const char* const* argv);

namespace {

constexpr const char* description =
    R"(Sends every strategy to a site that misbehaves, and holds what it says to what the site wrote down.

Examples:
  soak --seeds 100                                       all scenarios, all strategies
  soak --faults reset_mid_body,mix --strategies fibers   some of them
  soak --short                                           in less than a minute, as CI does
  soak --mutants                                         are clients caught that are wrong on purpose?)";

constexpr const char* footer = R"(
A scenario is a fault of mock_server by its name (mock_server --help lists them), drawn for two in five exchanges, or
  mix         all faults together but those that go by timing, or take a client to its deadline
  everything  all faults together
  restart     a server that is killed in the middle and started again, and some faults
  outage      503 and nothing else, against a budget of few repeats
A seed draws which exchange of which attempt at which day meets a fault, the same for every strategy, and varies
workers, loops, the page's size, whether faults end, and whether compressed bodies are asked for.

The last line: runs (of a batch by a strategy), outcomes, and how many were lost (a query without an outcome),
duplicated (with two), wrong (a success that the site does not sell, or any other law broken: tests/soak/breach.hpp)
and hung. Each breach is a line on standard error, with what runs it again.

Exit codes: 0 every law held; 1 one was broken; 2 usage, or nothing could be run; 130 interrupted.)";

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string refuse(const std::string& why) { return "soak: " + why; }

// What is wrong with it, or nothing.
std::string take_scenarios(const std::string& text, soak_flags& flags) {
  if (text.empty()) {
    for (const auto& one : all_scenarios()) flags.scenarios.push_back(&one);
    return {};
  }
  for (const auto& name : split(text)) {
    const scenario* const found = find_scenario(name);
    if (found == nullptr) return fmt::format("--faults: there is no scenario '{}'; see soak --help", name);
    flags.scenarios.push_back(found);
  }
  return {};
}

std::string take_strategies(const std::string& text, soak_flags& flags) {
  const auto names = strategy_names();
  if (text.empty()) {
    flags.strategies.assign(names.begin(), names.end());
    return {};
  }
  for (const auto& name : split(text)) {
    if (std::ranges::find(names, name) == names.end())
      return fmt::format("--strategies: there is no strategy '{}'; there are {}", name,
                         fmt::join(names, ", "));
    if (std::ranges::find(flags.strategies, name) != flags.strategies.end())
      return fmt::format("--strategies: '{}' is given twice", name);
    flags.strategies.push_back(name);
  }
  return {};
}

}  // namespace

std::variant<soak_flags, soak_end> read_soak_flags(int argc, const char* const* argv) {
  soak_flags flags;
  std::string scenarios;
  std::string strategies;
  bool is_short = false;
  CLI::App app{description, "soak"};
  app.footer(footer);
  auto* const seeds = app.add_option("--seeds", flags.seeds, "how many seeds each scenario is run with")
                          ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}).description(""))
                          ->capture_default_str();
  app.add_option("--first-seed", flags.first_seed, "the first of them")
      ->check(CLI::NonNegativeNumber.description(""))
      ->capture_default_str();
  app.add_option("--faults", scenarios, "scenarios by name, with commas between; default: all")
      ->type_name("NAMES");
  app.add_option("--strategies", strategies, "strategies by name, with commas between; default: all")
      ->type_name("NAMES");
  app.add_option("--jobs", flags.jobs, "processes that work at once; default: four a core")
      ->check(CLI::Range(std::size_t{1}, std::size_t{256}).description(""));
  app.add_flag("--short", is_short, "five seeds of each scenario")->excludes(seeds);
  app.add_flag("--mutants", flags.checks_mutants, "instead: clients that are wrong must be caught")
      ->excludes(seeds);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return soak_end{0, app.help()};
  } catch (const CLI::ParseError& fault) {
    return soak_end{2, refuse(fmt::format("{}; see soak --help", fault.what()))};
  }
  for (const auto& complaint : {take_scenarios(scenarios, flags), take_strategies(strategies, flags)}) {
    if (!complaint.empty()) return soak_end{2, refuse(complaint)};
  }
  if (is_short) flags.seeds = 5;  // with which each thing that a seed varies has been either way
  if (flags.jobs == 0) flags.jobs = 4 * std::max(1u, std::thread::hardware_concurrency());
  return flags;
}

}  // namespace farebench::soak

// soak: flags → a campaign of cases, or the check of the mutants → one line, exit code.

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
    print_error("soak", fmt::format("interrupted after {} of {} runs", all.runs, total));
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
    print_error("soak", fault.what());
    return 2;
  }
}
