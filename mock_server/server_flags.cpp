#include "mock_server/server_flags.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "lib/system/build_identity.hpp"
#include "lib/system/command_line.hpp"
#include "mock_server/engines/server_engine.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/latency/latency_model.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench {
namespace {

constexpr const char* description =
    R"(Examples:
  mock_server --port 8080 --latency 145ms --page-kb 94    the article's site, on a port of your choice
  mock_server --latency 20ms                              small pages, any free port (it is printed)
  mock_server --engine beast --latency lognormal:20ms,p99=80ms --seed 7
                                                          for thousands of clients, latencies that vary
  mock_server --faults reset_mid_body:2%,status_503:5% --seed 7 --fault-log what.jsonl
                                                          a site that misbehaves, the same way each time
  curl -c jar -b jar http://127.0.0.1:8080/m/             a session and the search form
  curl http://127.0.0.1:8080/stats                        what it has answered, and how punctually

A site that sells bus tickets, for clients to be measured against: each response leaves its latency
after its request arrived, and the same search always finds the same fares. It ends on SIGINT and
SIGTERM, and with the process that started it.)";

std::string version_line() {
  return build_report_json("mock_server", {{"boost", boost_version()}, {"cpp-httplib", httplib_version()}},
                           {{"engine", std::string{to_string(server_flags{}.engine)}}});
}

std::vector<std::string> engine_names() {
  std::vector<std::string> names;
  names.reserve(engine_kinds.size());
  for (const engine_kind kind : engine_kinds) names.emplace_back(to_string(kind));
  return names;
}

// What is asked for with these three, which only the event engine has: that is chosen unless another was.
struct fault_flags {
  std::optional<std::string> faults;
  std::optional<std::uint32_t> until;
  std::optional<std::string> log;
};

// What is wrong with them, or nothing.
std::string take_faults(const fault_flags& asked, bool engine_is_given, server_flags& flags) {
  if (asked.until && !asked.faults) return "--faults-until: there are no --faults to end";
  if (asked.log && asked.log->empty()) return "--fault-log: name a file";
  if (!asked.faults && !asked.log) return {};
  if (engine_is_given && flags.engine != engine_kind::beast) {
    return fmt::format("--engine: {} has neither faults nor their log; leave it out or take beast",
                       to_string(flags.engine));
  }
  flags.engine = engine_kind::beast;
  fault_settings& settings = flags.faults.emplace();
  settings.plan.seed = flags.latency.seed;
  settings.plan.until_attempt = asked.until.value_or(fault_plan::no_limit);
  settings.log = asked.log.value_or("");
  if (!asked.faults) return {};
  const auto rates = parse_faults(*asked.faults);
  if (!rates) return "--faults: " + rates.error();
  settings.plan.rates = *rates;
  return {};
}

// One line, whatever of the command line it quotes.
server_end refusal(std::string_view why) { return {2, "mock_server: " + printable(why)}; }

// What is wrong with --host, or nothing.
std::string complaint_about_host(const server_flags& flags, bool listen_publicly) {
  in_addr address{};
  if (::inet_pton(AF_INET, flags.host.c_str(), &address) != 1) {
    return fmt::format("--host: '{}' is not an IPv4 address; write one such as 127.0.0.1", flags.host);
  }
  const bool is_loopback = (ntohl(address.s_addr) >> 24) == 127;
  if (!is_loopback && !listen_publicly) {
    return fmt::format("--host: {} can be reached from other machines; add --listen-publicly if you mean it",
                       flags.host);
  }
  if (is_loopback && listen_publicly) {
    return fmt::format("--listen-publicly: {} is a loopback address; name a public one with --host",
                       flags.host);
  }
  return {};
}

}  // namespace

std::variant<server_flags, server_end> read_server_flags(int argc, const char* const* argv) {
  server_flags flags;
  std::string latency_text = "0";
  std::string engine_name{to_string(flags.engine)};
  bool listen_publicly = false;
  fault_flags faults;
  CLI::App app{description, "mock_server"};
  app.set_version_flag("--version", version_line, "Print one line of JSON about this build, and end");
  app.add_option("--port", flags.port, "TCP port; 0 takes any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--latency", latency_text,
                 "From a request's arrival to its response: 20ms, 1.5s, 250us, 0; or drawn for each: "
                 "uniform:10ms-30ms, or lognormal:20ms,p99=80ms by median and 99th percentile")
      ->capture_default_str();
  app.add_option("--seed", flags.latency.seed,
                 "Of the latencies drawn: a search's goes by its stations and date, the start page's by how "
                 "many sessions were started before, so that each run meets the same ones. And of the faults")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  const auto* const engine =
      app.add_option(
             "--engine", engine_name,
             "What serves: cpp-httplib, a thread a connection, up to 256 of them; or beast, one thread "
             "for any number")
          ->check(CLI::IsMember(engine_names()))
          ->capture_default_str();
  app.add_option("--page-kb", flags.page_kb, "Size of a results page, in KiB")
      ->check(CLI::Range(min_page_kb, max_page_kb))
      ->capture_default_str();
  app.add_option("--host", flags.host, "IPv4 address to listen on")->capture_default_str();
  app.add_option(
      "--faults", faults.faults,
      "What goes wrong, and how often, such as reset_mid_body:2%,status_503:5% (names below). Drawn "
      "from --seed by date, step and attempt, as the header X-Scrape: 2026-03-01/1 says them; "
      "without it by the date of a search and how many were before it, and of GET /m/ by the "
      "sessions before it. The event engine's alone");
  app.add_option("--faults-until", faults.until, "The last attempt that may meet a fault")
      ->check(CLI::Range(std::uint32_t{1}, scrape_tag::max_attempt));
  app.add_option("--fault-log", faults.log,
                 "Append a line of JSON to this file for each request: date, session, step (1: GET /m/; 2: "
                 "the search), attempt, fault, status");
  app.footer("Faults, and at which step of a scrape they can be (start: GET /m/):\n" + describe_faults());
  app.add_flag("--listen-publicly", listen_publicly, "Allow a --host that other machines can reach");

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return server_end{0, app.help()};
  } catch (const CLI::CallForVersion&) {
    return server_end{0, version_line()};
  } catch (const CLI::ParseError& refused) {
    return refusal(fmt::format("{}; see mock_server --help", refused.what()));
  }
  const auto latency = parse_latency(latency_text);
  if (!latency) return refusal("--latency: " + latency.error());
  flags.latency.model = *latency;
  flags.engine = *parse_engine_kind(engine_name);
  if (const std::string complaint = take_faults(faults, engine->count() > 0, flags); !complaint.empty()) {
    return refusal(complaint);
  }
  if (const std::string complaint = complaint_about_host(flags, listen_publicly); !complaint.empty()) {
    return refusal(complaint);
  }
  flags.listen_publicly = listen_publicly;
  return flags;
}

}  // namespace farebench
