#include "tests/soak/flags.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <thread>

#include "farebench/strategy.hpp"

namespace farebench::soak {
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
