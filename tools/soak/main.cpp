// soak: runs every strategy on every transport against a faulty site and checks invariants.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "farebench/strategy.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/flags.hpp"
#include "mock_server/mock_server_process.hpp"
#include "tools/soak/campaign.hpp"
#include "tools/soak/soak_case.hpp"
#include "tools/transports.hpp"

namespace {

using namespace farebench;
using namespace farebench::soak;

constexpr int exit_violation = 1;
constexpr int exit_usage = 2;
constexpr int exit_interrupted = 130;

constexpr const char* description =
    R"(Runs every strategy on every transport against a faulty site and compares the client's reports with the
server's log.

Examples:
  soak --seeds 100                                       all scenarios, strategies and transports
  soak --faults reset_mid_body,mix --strategies fibers   selected scenarios and strategies
  soak --transport native                                one transport
  soak --short                                           about a minute, as in CI
  soak --mutants                                         check that incorrect clients are detected)";

std::string footer() {
  std::string text =
      "\nA scenario is a fault of mock_server (mock_server --help lists them), injected into 40 % of the "
      "exchanges, or\n";
  for (const auto& scenario : all_scenarios()) {
    if (!scenario.meaning.empty())
      fmt::format_to(std::back_inserter(text), "  {:<12}{}\n", scenario.name, scenario.meaning);
  }
  text +=
      R"(The seed selects the exchanges that meet a fault, equally for every strategy and transport. It also varies
workers, loops, page size, compression and whether faults end.

The last line counts runs (one batch by one strategy), outcomes, and violations: lost (queries without an
outcome), duplicated (queries with several), hung (runs that had to be killed) and wrong (all others). Each
violation is printed to standard error with the command that reproduces it. The invariants:
)";
  for (const auto& entry : invariant_table)
    fmt::format_to(std::back_inserter(text), "  {:<22}{}\n", entry.name, entry.meaning);
  text +=
      "\nExit codes: 0 no violation; 1 violations; 2 usage error, no mock server, or no output; "
      "130 interrupted.";
  return text;
}

struct soak_flags {
  std::vector<std::string> scenarios;
  std::vector<soak_client> clients;
  std::uint64_t first_seed = 1;
  std::size_t seeds = 10;
  std::size_t jobs = 0;
  bool checks_mutants = false;
};

/// Flags to run with, or an exit code after --help (0) or a usage error (2) has been printed.
struct parsed_flags {
  soak_flags flags;
  std::optional<int> exit_code;
};

// Each returns an error message, or an empty string.

/// CLI11 itself would accept -1 as 2^64 - 1.
std::string check_seed(const std::string& text) {
  return text.starts_with('-') ? fmt::format("'{}' is negative; the first seed is 0 or above", text) : "";
}

std::string check_scenario(const std::string& name) {
  if (find_scenario(name) != nullptr) return "";
  std::vector<std::string> names;
  for (const auto& scenario : all_scenarios()) names.push_back(scenario.name);
  return fmt::format("unknown scenario '{}': --help lists them{}", name, did_you_mean(name, names));
}

std::string check_transport(const std::string& name) {
  if (find_transport(name) != nullptr) return "";
  const auto names = transport_names();
  return fmt::format("unknown transport '{}': choose from {}{}", name, fmt::join(names, ", "),
                     did_you_mean(name, names));
}

void refuse_duplicates(const char* flag, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (std::ranges::count(names, name) > 1)
      throw CLI::ValidationError(flag, fmt::format("'{}' is given twice", name));
  }
}

/// Returns the name of a strategy on a transport, which has no suffix on the first one: "coroutines",
/// "coroutines/native".
std::string client_name(std::string_view strategy, std::string_view transport) {
  return transport == all_transports().front()->name() ? std::string{strategy}
                                                       : fmt::format("{}/{}", strategy, transport);
}

/// Returns the names of strategy and transport.
std::pair<std::string_view, std::string_view> split_client_name(std::string_view client) {
  const auto slash = client.find('/');
  if (slash == client.npos) return {client, all_transports().front()->name()};
  return {client.substr(0, slash), client.substr(slash + 1)};
}

/// Returns the strategies on each of the transports. Without strategies, returns all. Throws
/// CLI::ValidationError for a strategy that runs on none of them.
std::vector<soak_client> list_clients(const std::vector<std::string>& transports,
                                      const std::vector<std::string>& strategies) {
  std::vector<soak_client> clients;
  std::vector<std::string> known;
  for (const auto& name : transports) {
    for (const auto& info : find_transport(name)->strategies()) {
      if (std::ranges::find(known, info.name) == known.end()) known.emplace_back(info.name);
    }
  }
  for (const auto& name : strategies) {
    if (std::ranges::find(known, name) == known.end())
      throw CLI::ValidationError(
          "--strategies",
          fmt::format("unknown strategy '{}' on {}: choose from {}{}", name, fmt::join(transports, " or "),
                      fmt::join(known, ", "), did_you_mean(name, known)));
  }
  for (const auto& transport_name : transports) {
    for (const auto& name : strategies.empty() ? known : strategies) {
      const auto* const info = find_strategy(name, *find_transport(transport_name));
      if (info == nullptr) continue;
      clients.push_back({.name = client_name(name, transport_name),
                         .uses_workers = info->uses_workers,
                         .create = info->create});
    }
  }
  return clients;
}

parsed_flags parse_flags(int argc, const char* const* argv) {
  parsed_flags result;
  soak_flags& flags = result.flags;
  for (const auto& scenario : all_scenarios()) flags.scenarios.push_back(scenario.name);
  std::vector<std::string> strategies;
  std::vector<std::string> transports = transport_names();
  bool is_short = false;
  CLI::App app{description, "soak"};
  app.footer(footer());
  auto* const seeds = app.add_option("--seeds", flags.seeds, "number of seeds per scenario")
                          ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}).description(""))
                          ->capture_default_str();
  app.add_option("--first-seed", flags.first_seed, "first seed")
      ->check(CLI::Validator{&check_seed, ""})
      ->capture_default_str();
  const auto add_names = [&](const char* flag, std::vector<std::string>& names, const std::string& meaning) {
    return app.add_option(flag, names, meaning)
        ->delimiter(',')
        ->allow_extra_args(false)
        ->transform(trim_blanks())
        ->option_text("NAMES");
  };
  add_names("--faults", flags.scenarios, "comma-separated scenarios; default: all")
      ->check(CLI::Validator{&check_scenario, ""});
  add_names("--strategies", strategies, "comma-separated strategies; default: all");
  add_names("--transport", transports,
            fmt::format("comma-separated HTTP clients; default: {}", fmt::join(transport_names(), ",")))
      ->check(CLI::Validator{&check_transport, ""});
  app.add_option("--jobs", flags.jobs, "number of processes; default: four per core")
      ->check(CLI::Range(std::size_t{1}, std::size_t{256}).description(""));
  app.add_flag("--short", is_short, "five seeds per scenario")->excludes(seeds);
  app.add_flag("--mutants", flags.checks_mutants, "only check that incorrect clients are detected")
      ->excludes(seeds);
  app.set_version_flag("--version", version_line(), "print version and commit");
  try {
    parse_command_line(app, argc, argv);
    refuse_duplicates("--strategies", strategies);
    refuse_duplicates("--transport", transports);
    flags.clients = list_clients(transports, strategies);
  } catch (const CLI::CallForHelp&) {
    print_output(app.help() + '\n');
    result.exit_code = 0;
  } catch (const CLI::CallForVersion&) {
    print_output(version_line() + '\n');
    result.exit_code = 0;
  } catch (const CLI::ParseError& error) {
    print_error("soak", fmt::format("{} (see --help)", error.what()));
    result.exit_code = exit_usage;
  }
  // Five seeds give each property that the seed varies all of its values.
  if (is_short) flags.seeds = 5;
  if (flags.jobs == 0) flags.jobs = 4 * std::max(1u, std::thread::hardware_concurrency());
  return result;
}

volatile std::sig_atomic_t is_interrupted = 0;

/// The first Ctrl-C ends the campaign with its results so far, the second one the process.
void on_interrupt(int) {
  is_interrupted = 1;
  std::signal(SIGINT, SIG_DFL);
}

/// Ordered by seed, so that a campaign that ends early has run every scenario.
std::vector<soak_case> make_cases(const soak_flags& flags) {
  std::vector<soak_case> cases;
  for (std::size_t i = 0; i < flags.seeds; ++i) {
    for (const auto& name : flags.scenarios) cases.push_back({find_scenario(name), flags.first_seed + i});
  }
  return cases;
}

/// Returns the command that repeats a run. A comparison also needs the first client.
std::string reproduce_command(const soak_case& work, std::string_view client, const violation& found,
                              const soak_flags& flags) {
  std::vector<std::string_view> strategies;
  std::vector<std::string_view> transports;
  const auto add = [](std::vector<std::string_view>& names, std::string_view name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  const auto add_client = [&](std::string_view name) {
    const auto [strategy, transport] = split_client_name(name);
    add(strategies, strategy);
    add(transports, transport);
  };
  if (found.violated == invariant::same_outcomes) add_client(flags.clients.front().name);
  add_client(client);
  return fmt::format("./dev soak --faults {} --strategies {} --transport {} --first-seed {} --seeds 1",
                     work.scenario->name, fmt::join(strategies, ","), fmt::join(transports, ","), work.seed);
}

/// Prints violations and progress to standard error.
class progress_printer {
 public:
  progress_printer(const soak_flags& flags, std::size_t runs) : flags_{flags}, runs_{runs} {}

  void on_violation(const soak_case& work, std::string_view client, const violation& found) {
    if (++violations_ > max_printed) return;
    clear();
    fmt::print(stderr, "soak: {} violated by {} in {}, seed {}: {}\nsoak:   reproduce: {}\n",
               to_string(found.violated), client, work.scenario->name, work.seed, found.detail,
               reproduce_command(work, client, found, flags_));
    if (violations_ == max_printed) fmt::print(stderr, "soak: further violations are only counted\n");
  }

  /// On a terminal, keeps one line up to date; elsewhere, prints about 20 lines in all.
  void on_progress(const tally& total) {
    const auto text = fmt::format("{} of {}: {}", total.runs, runs_, text_of(total));
    if (is_terminal_) {
      fmt::print(stderr, "\r\x1b[Ksoak: {}", text);
    } else if (total.runs >= printed_runs_ + runs_ / 20 + 1) {
      printed_runs_ = total.runs;
      fmt::print(stderr, "soak: {}\n", text);
    }
  }

  /// Removes the progress line from the terminal.
  void clear() const {
    if (is_terminal_) fmt::print(stderr, "\r\x1b[K");
  }

 private:
  static constexpr std::size_t max_printed = 200;

  const soak_flags& flags_;
  const std::size_t runs_;
  const bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
  std::size_t printed_runs_ = 0;
  std::size_t violations_ = 0;
};

int run_soak(const soak_flags& flags) {
  const campaign plan{.cases = make_cases(flags), .clients = flags.clients, .jobs = flags.jobs};
  const std::size_t runs = plan.cases.size() * plan.clients.size();
  progress_printer printer{flags, runs};
  const campaign_listener listener{
      .on_violation = [&](const auto& work, auto client,
                          const auto& found) { printer.on_violation(work, client, found); },
      .on_progress = [&](const tally& total) { printer.on_progress(total); }};
  std::signal(SIGINT, &on_interrupt);
  const auto total = run_campaign(plan, listener, [] { return is_interrupted != 0; });
  printer.clear();
  print_output(text_of(total) + '\n');
  if (is_interrupted != 0) {
    print_error("soak", fmt::format("interrupted after {} of {} runs", total.runs, runs));
    return exit_interrupted;
  }
  return total.is_clean() ? 0 : exit_violation;
}

/// Throws if the mock server cannot be started, which is no strategy's violation.
void check_mock_server() { const mock_server_process server{{.engine = engine_kind::beast}}; }

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_streams();
  try {
    const auto [flags, exit_code] = parse_flags(argc, argv);
    if (exit_code) return *exit_code;
    check_mock_server();
    if (!flags.checks_mutants) return run_soak(flags);
    return check_mutants([](const std::string& line) { print_output(line + '\n'); }) ? 0 : exit_violation;
  } catch (const std::exception& error) {
    print_error("soak", error.what());
    return exit_usage;
  }
}
