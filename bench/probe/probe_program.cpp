#include "bench/probe/probe_program.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <string>
#include <system_error>

#include "bench/floor.hpp"
#include "bench/probe/measured_batch.hpp"
#include "bench/probe/protocol.hpp"
#include "bench/raw_epoll/raw_epoll.hpp"
#include "bench/route.hpp"
#include "farebench/exchange.hpp"
#include "farebench/strategy.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"

namespace farebench {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

struct probe_flags {
  std::string strategy = "multi_socket";
  std::string url;
  std::size_t workers = 1;
  std::size_t days = 1;
  std::size_t loops = 1;
};

void say(std::string_view line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

bool hear(std::string_view expected) {
  std::string line;
  return std::getline(std::cin, line) && line == expected;
}

int run(const probe_flags& flags, const way_maker& make) {
  const auto way = make(flags.strategy);
  raise_open_file_limit();  // where they do not suffice, the strategy says so
  http_library_version();   // initialises libcurl: its memory belongs to the baseline
  measured_batch measured{{.base_url = flags.url,
                           .size = flags.days,
                           .query_at = query_of_day,
                           .workers = flags.workers,
                           .loops = flags.loops,
                           .policy = {}}};
  say(probe_ready);
  if (!hear(probe_go)) return exit_usage;
  try {
    say(to_json(measured.run(*way)));
  } catch (const std::system_error& fault) {
    say(fmt::format("{}{}", probe_failed, fault.what()));
  }
  return hear(probe_exit) ? 0 : exit_usage;
}

}  // namespace

std::unique_ptr<strategy> make_way(const std::string& name) {
  if (name == floor_strategy) return std::make_unique<raw_epoll>();
  return make_strategy(name);
}

int probe_program(int argc, char** argv, const way_maker& make) {
  open_missing_standard_streams();
  CLI::App app{
      "One client process of farebench, started by bench: runs one batch and reports it.\n"
      "It speaks lines on standard input and output: ready, go, report, exit."};
  probe_flags flags;
  bool version = false;
  app.add_option("--strategy", flags.strategy, "which strategy to run");
  app.add_option("--url", flags.url, "the site, e.g. http://127.0.0.1:8080");
  app.add_option("--workers", flags.workers, "most scrapes in flight")->check(CLI::Range(1, 1'000'000));
  app.add_option("--days", flags.days, "how many days to scrape")
      ->check(CLI::Range(1, static_cast<int>(most_days)));
  app.add_option("--loops", flags.loops, "event loops, each on a thread")->check(CLI::Range(1, 1'024));
  app.add_flag("--version", version, "print what this build is, as one line of JSON");
  try {
    app.parse(argc, argv);
    if (version) {
      const auto library = http_library_version();
      say(build_report_json("fetch_probe", {{"libcurl", library.substr(library.find('/') + 1)}}));
      return 0;
    }
    return run(flags, make);
  } catch (const CLI::ParseError& fault) {
    if (fault.get_exit_code() == 0) return app.exit(fault);
    print_error("fetch_probe", fault.what());
    return exit_usage;
  } catch (const std::invalid_argument& fault) {
    print_error("fetch_probe", fault.what());
    return exit_usage;
  } catch (const std::exception& fault) {
    print_error("fetch_probe", fault.what());
    return exit_failed;
  }
}

}  // namespace farebench
