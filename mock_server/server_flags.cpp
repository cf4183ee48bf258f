#include "mock_server/server_flags.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "lib/system/build_identity.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/flags.hpp"
#include "lib/system/quantities.hpp"
#include "mock_server/engines/server_engine.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/latency/latency_model.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench {
namespace {

constexpr const char* description =
    R"(Examples:
  mock_server --port 8080 --latency 145ms --page-kb 94    the article's site, on a port of your choice
  mock_server --latency 20ms                              small pages, on a free port, which is printed
  mock_server --latency lognormal:20ms,p99=80ms --seed 7
                                                          random latencies, the same in each run
  mock_server --faults reset_mid_body:2%,status_503:5% --seed 7 --fault-log faults.jsonl
                                                          a site with faults, the same in each run
  mock_server --host 10.0.0.2 --listen-publicly --port 8080
                                                          for bench --server http://10.0.0.2:8080 on another host
  curl -c jar -b jar http://127.0.0.1:8080/m/             a session and the search form
  curl http://127.0.0.1:8080/page/17                      a page that belongs to no session, 0 to 999999
  curl http://127.0.0.1:8080/stats                        settings, number of requests, lateness of responses
  curl -X DELETE http://127.0.0.1:8080/stats              ends all sessions, counts from 0 again

A site that sells bus tickets, to measure clients against. Each response leaves when the latency has passed
since the arrival of its request. The same search always finds the same fares. The server stops on SIGINT and
SIGTERM, and when the process that started it ends.)";

std::string build_report() {
  return build_report_json("mock_server", {{"boost", boost_version()}, {"cpp-httplib", httplib_version()}},
                           {{"engine", std::string{to_string(server_flags{}.engine)}}});
}

std::vector<std::string> engine_names() {
  std::vector<std::string> names;
  names.reserve(engine_kinds.size());
  for (const engine_kind kind : engine_kinds) names.emplace_back(to_string(kind));
  return names;
}

struct fault_flags {
  std::optional<std::string> faults;
  std::optional<std::uint32_t> until;
  std::optional<std::string> log;
};

// Sets flags.faults. Returns an error message, or an empty string.
std::string apply_fault_flags(const fault_flags& options, server_flags& flags) {
  if (options.until && !options.faults) return "--faults-until: there are no --faults to end";
  if (options.log && options.log->empty()) return "--fault-log: name a file";
  if (!options.faults && !options.log) return {};
  if (flags.engine != engine_kind::beast) {
    return fmt::format("--engine: {} has neither faults nor their log; use beast", to_string(flags.engine));
  }
  fault_settings& settings = flags.faults.emplace();
  settings.plan.seed = flags.latency.seed;
  settings.plan.until_attempt = options.until.value_or(fault_plan::no_limit);
  settings.log = options.log.value_or("");
  if (!options.faults) return {};
  const auto rates = parse_faults(*options.faults);
  if (!rates) return "--faults: " + rates.error();
  settings.plan.rates = *rates;
  return {};
}

server_exit invalid_flags(std::string_view message) { return {2, "mock_server: " + printable(message)}; }

// Returns an error message, or an empty string.
std::string check_host(const std::string& host, bool listen_publicly) {
  in_addr address{};
  if (::inet_pton(AF_INET, host.c_str(), &address) != 1) {
    return fmt::format("--host: '{}' is not an IPv4 address; write one such as 127.0.0.1", host);
  }
  const bool is_loopback = (ntohl(address.s_addr) >> 24) == 127;
  if (!is_loopback && !listen_publicly) {
    return fmt::format("--host: {} can be reached from other machines; add --listen-publicly to allow that",
                       host);
  }
  if (is_loopback && listen_publicly) {
    return fmt::format("--listen-publicly: {} is a loopback address; name a public one with --host", host);
  }
  return {};
}

}  // namespace

std::variant<server_flags, server_exit> read_server_flags(int argc, const char* const* argv) {
  server_flags flags;
  std::string latency_text = "0";
  std::string page_kb = std::to_string(flags.page_kb);
  std::string engine_name{to_string(flags.engine)};
  fault_flags faults;
  const auto command = command_name(argc > 0 ? argv[0] : nullptr, "mock_server");
  CLI::App app{with_command_name(description, "mock_server", command), command};
  bool prints_build_report = false;
  app.set_version_flag("--version", version_line(), "Print version and commit, and exit");
  app.add_flag("--build-report", prints_build_report,
               "Print the same and more as one line of JSON, and exit");
  app.add_option("--port", flags.port, "TCP port; 0: any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--latency", latency_text,
                 "Time from the arrival of a request to its response: 20ms, 1.5s, 250us, 0; or random: "
                 "uniform:10ms-30ms, or lognormal:20ms,p99=80ms by median and 99th percentile")
      ->capture_default_str();
  app.add_option(
         "--seed", flags.latency.seed,
         "Seed of random latencies and of faults. The latency of a search depends on its stations and "
         "date, that of the start page on the number of sessions before it, that of /page/17 on its number")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option(
         "--engine", engine_name,
         fmt::format("HTTP server: beast, one thread for any number of connections; or cpp-httplib, one "
                     "thread per connection, at most {}",
                     max_httplib_connections))
      ->capture_default_str();
  app.add_option("--connections", flags.connections,
                 "Number of client connections at a time: the threads of cpp-httplib; beast ignores it")
      ->check(CLI::Range(std::size_t{1}, max_httplib_connections))
      ->capture_default_str();
  app.add_option("--page-kb", page_kb,
                 fmt::format("Size of a results page and of /page/17, {} to {} KiB: 94, 94KB or 94KiB",
                             min_page_kb, max_page_kb))
      ->capture_default_str();
  app.add_option("--host", flags.host, "IPv4 address to listen on")->capture_default_str();
  app.add_option(
      "--faults", faults.faults,
      "Faults to inject and how often, such as reset_mid_body:2%,status_503:5% (names below). They "
      "depend on --seed and on the date, step and attempt in the header X-Scrape: 2026-03-01/1. "
      "Without the header, on the date of a search and the searches for it before, or on the sessions "
      "before GET /m/. GET /page/17 always meets the fault of its number. Engine beast only");
  app.add_option("--faults-until", faults.until, "Last attempt that may meet a fault")
      ->check(CLI::Range(std::uint32_t{1}, scrape_tag::max_attempt));
  app.add_option(
      "--fault-log", faults.log,
      "File to which one line of JSON is appended for each request: date, session, page, step (1: GET /m/; "
      "2: the search), attempt, fault, status. Engine beast only");
  app.footer(
      "Faults, and the steps of a scrape at which they occur (start: GET /m/; both: GET /page/17 too):\n" +
      describe_faults());
  app.add_flag("--listen-publicly", flags.listen_publicly, "Allow a --host that other machines can reach");

  try {
    parse_command_line(app, argc, argv);
  } catch (const CLI::CallForHelp&) {
    return server_exit{0, app.help()};
  } catch (const CLI::CallForVersion&) {
    return server_exit{0, version_line()};
  } catch (const CLI::ParseError& error) {
    return invalid_flags(fmt::format("{}; see {} --help", error.what(), command));
  }
  if (prints_build_report) return server_exit{0, build_report()};
  const auto latency = parse_latency(latency_text);
  if (!latency) return invalid_flags("--latency: " + latency.error());
  flags.latency.model = *latency;
  const auto size = parse_kib(page_kb, min_page_kb, max_page_kb);
  if (!size) return invalid_flags("--page-kb: " + size.error());
  flags.page_kb = *size;
  const auto engine = parse_engine_kind(engine_name);
  if (!engine) {
    const auto names = engine_names();
    return invalid_flags(fmt::format("--engine: unknown engine '{}': choose {}{}", engine_name,
                                     fmt::join(names, " or "), did_you_mean(engine_name, names)));
  }
  flags.engine = *engine;
  if (const auto error = apply_fault_flags(faults, flags); !error.empty()) return invalid_flags(error);
  if (const auto error = check_host(flags.host, flags.listen_publicly); !error.empty()) {
    return invalid_flags(error);
  }
  return flags;
}

}  // namespace farebench
