#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "farebench/date.hpp"
#include "farebench/strategy.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/flags.hpp"
#include "lib/system/quantities.hpp"
#include "tools/fares/fares.hpp"
#include "tools/transports.hpp"

namespace farebench {
namespace {

using namespace std::chrono;

constexpr const char* examples = R"(Examples:
  fares --from ID10202003 --to ID10202002                     the next 100 days, from the embedded mock server
  fares --from ID10202003 --to ID10202002 --days 7 --format json
  fares --from ID10202003 --to ID10202002 --url http://127.0.0.1:8080 --strategy thread_pool --workers 20
  fares --from ID10202003 --to ID10202002 --attempts 5 --deadline 120s --out fares.csv
  fares --routes routes.csv --days 30 --out fares.csv         all routes of a file
  fares --routes routes.csv --first-date 2026-03-01 --shard 1/5 --out shard1.jsonl
  fares merge shard*.jsonl --out fares.csv                    the output of all five shards
)";

constexpr const char* notes = R"(
Output: fares are written in the order of their dates, to standard output or to the file of --out. That file
is replaced only when the output is complete, and kept if every day failed. Errors are written to standard
error, one line per failed day with the number of attempts, and at the end a summary.

Routes: the file of --routes has a line FROM,TO per route. Blank lines, comments after # and a first line
from,to are ignored. A route that is there twice is refused. Each route is scraped for all days, in the order
of the file, and each row of the output begins with its stations. There are at most 1,000,000 routes, and
10,000,000 days of all routes.

Shards: with --shard, only a part of all queries is scraped, a block of consecutive ones. FILE is written only
when each of them succeeded. Until then, those that did are in FILE.unfinished, and the same command scrapes
only what is missing there, also after it was killed. It does nothing if FILE is whole, and refuses files of
another job: other routes, days, dates, shards or another --url. FILE has a JSON object per line, from which
"fares merge" writes what a run without --shard would have written. All shards need the same --first-date.

Retries: connection failures, invalid responses, timeouts and the statuses 408, 425, 429 and 5xx are retried
after an increasing delay, or after the delay that the site requests, up to 30 s. An expired session is
retried once, immediately. All days together have at most 10 retries plus one per five days.

Text from the site: control characters are written as \xNN (in JSON as \u00NN). In CSV, a text that a
spreadsheet would evaluate as a formula is prefixed with '.

Ctrl-C: scrapes in flight may complete for up to 5 s, and no others begin. Completed days are written; the
others are reported as cancelled, in one line. A second Ctrl-C exits immediately and writes no file. A shard
keeps its completed days for the next run.

Times have a unit: 250ms, 12s, 1.5s or 2min.

Exit codes: 0 all days succeeded; 1 some days failed, or the output could not be written; 2 usage error, or
an input file that is refused; 130 interrupted before all days were complete; 141 (SIGPIPE) the reader of
standard output closed it.
)";

constexpr const char* merge_notes = R"(
Writes what a run without --shard would have written. Nothing is requested from the site. The files must be
those of all shards of one job, each once and whole. Memory: 8 bytes per query.

With --partial, shards may be missing, and files may be unfinished, as those of queries that always fail. The
missing queries are left out, and their number is written to standard error.

Exit codes: 0 each query is there once; 1 queries are missing (--partial), or the output could not be written;
2 usage error, or a file that is refused.
)";

constexpr const char* format_help =
    "table, csv or json; default: by the name of --out (.csv, .json), else table";
constexpr const char* out_help = "output file; default: standard output, as is -";

void add_duration(CLI::App& app, const std::string& flag, milliseconds& value, const std::string& meaning) {
  const auto parse = [flag, &value](const std::string& text) {
    const auto parsed = parse_duration(text);
    if (!parsed) throw CLI::ValidationError(flag, parsed.error());
    value = ceil<milliseconds>(*parsed);
    // fetch_policy requires positive times.
    if (value == 0ms) throw CLI::ValidationError(flag, fmt::format("'{}' must be above zero", text));
  };
  app.add_option_function<std::string>(flag, parse, meaning)->type_name("TIME");
}

year_month_day date_flag(const std::string& text) {
  if (text.empty()) return floor<days>(system_clock::now());
  const auto date = parse_iso_date(text);
  if (date) return *date;
  throw CLI::ValidationError("--first-date", fmt::format("'{}' is not a date; write it as 2026-03-01", text));
}

/// Returns the format of the flag, or without one that of the output file's name.
fares_format format_flag(const std::string& text, const std::string& out) {
  if (text.empty()) {
    const auto extension = std::filesystem::path{out}.extension();
    return extension == ".csv"    ? fares_format::csv
           : extension == ".json" ? fares_format::json
                                  : fares_format::table;
  }
  if (text == "table") return fares_format::table;
  if (text == "csv") return fares_format::csv;
  if (text == "json") return fares_format::json;
  const std::vector<std::string> names{"table", "csv", "json"};
  throw CLI::ValidationError("--format", fmt::format("unknown format '{}': choose table, csv or json{}", text,
                                                     did_you_mean(text, names)));
}

const transport& transport_flag(const std::string& name) {
  if (const transport* const http = find_transport(name)) return *http;
  const auto names = transport_names();
  throw CLI::ValidationError("--transport", fmt::format("unknown transport '{}': choose from {}{}", name,
                                                        fmt::join(names, ", "), did_you_mean(name, names)));
}

std::vector<std::string> strategy_names(const transport& http) {
  std::vector<std::string> names;
  for (const auto& known : http.strategies()) names.emplace_back(known.name);
  return names;
}

std::string_view default_strategy(const transport& http) {
  return std::ranges::find(http.strategies(), strategy_family::callbacks, &strategy_info::family)->name;
}

std::string strategy_flag(const std::string& name, const transport& http) {
  if (name.empty()) return std::string{default_strategy(http)};
  if (find_strategy(name, http) != nullptr) return name;
  const auto names = strategy_names(http);
  throw CLI::ValidationError("--strategy",
                             fmt::format("unknown strategy '{}' on {}: choose from {}{}", name, http.name(),
                                         fmt::join(names, ", "), did_you_mean(name, names)));
}

/// Returns "on libcurl: sequential, thread_pool (default: multi_socket); on native: ...".
std::string strategies_help() {
  std::string text;
  for (const transport* const http : all_transports()) {
    text += fmt::format("{}on {}: {} (default: {})", text.empty() ? "" : "; ", http->name(),
                        fmt::join(strategy_names(*http), ", "), default_strategy(*http));
  }
  return text;
}

std::string url_flag(std::string text) {
  if (text.find_first_of("?#@") != std::string::npos) {
    throw CLI::ValidationError(
        "--url", fmt::format("'{}' has a query, fragment or user; write scheme, host and port alone, such as "
                             "http://127.0.0.1:8080",
                             text));
  }
  while (text.ends_with('/')) text.pop_back();
  return text;
}

void check_dates(const fares_flags& flags) {
  const year_month_day last = sys_days{flags.first_date} + days{static_cast<int>(flags.days) - 1};
  if (flags.first_date.year() < 2000y || last.year() > 2099y) {
    throw CLI::ValidationError(
        "--first-date, --days",
        fmt::format("{} to {} is out of range; the site has dates from 2000-01-01 to 2099-12-31",
                    format_iso_date(flags.first_date), format_iso_date(last)));
  }
}

/// Checks that the command line has either a route or a file of routes.
void check_route(const CLI::App& app, const fares_flags& flags) {
  if (app.count("--routes") > 0) {
    if (app.count("--from") + app.count("--to") > 0)
      throw CLI::ValidationError("--routes", "excludes --from and --to: add the route to the file");
    if (flags.routes.empty()) throw CLI::ValidationError("--routes", "the file's name must not be empty");
    return;
  }
  if (app.count("--from") == 0) throw CLI::RequiredError("--from or --routes");
  if (app.count("--to") == 0) throw CLI::RequiredError("--to");
  const std::pair<const char*, const std::string&> stations[] = {{"--from", flags.only_route.from},
                                                                 {"--to", flags.only_route.to}};
  for (const auto& [name, id] : stations) {
    const auto error = station_error(id);
    if (!error.empty()) throw CLI::ValidationError(name, error);
  }
}

/// Checks that all processes of a job can have the same flags.
void check_shard(const CLI::App& app, fares_flags& flags, const std::string& text) {
  const auto part = parse_shard(text);
  if (!part) throw CLI::ValidationError("--shard", part.error());
  flags.part = *part;
  if (flags.out.empty()) throw CLI::ValidationError("--shard", "needs --out with the file of the shard");
  if (app.count("--first-date") == 0)
    throw CLI::ValidationError("--shard", "needs --first-date: shards may start on different days");
  if (app.count("--format") > 0)
    throw CLI::ValidationError("--shard", "excludes --format: give it to fares merge");
}

CLI::App* add_merge(CLI::App& app, merge_flags& flags, std::string& format) {
  auto* const merge = app.add_subcommand("merge", "join the files of all shards of a job");
  merge->add_option("FILES", flags.files, "files that fares --shard wrote, in any order")->required();
  merge->add_flag("--partial", flags.is_partial, "accept missing queries, and unfinished files");
  merge->add_option("--format", format, format_help)->type_name("FORMAT");
  merge->add_option("--out", flags.out, out_help)->type_name("FILE");
  merge->footer(merge_notes);
  return merge;
}

/// Checks the flags of merge, before which the command line may have no other.
void check_merge(const CLI::App& app, merge_flags& flags, const std::string& format) {
  for (const auto& name : flag_names(app))
    if (app.count(name) > 0) throw CLI::ValidationError(name, "is no flag of fares merge");
  if (flags.out == "-") flags.out.clear();
  flags.format = format_flag(format, flags.out);
  for (const auto& file : flags.files) {
    std::error_code ignored;
    if (!flags.out.empty() && std::filesystem::equivalent(file, flags.out, ignored))
      throw CLI::ValidationError("--out", fmt::format("'{}' is the file of a shard", flags.out));
  }
}

}  // namespace

parsed_flags parse_fares_flags(int argc, char** argv) {
  parsed_flags result;
  fares_flags& flags = result.flags;
  const auto command = command_name(argc > 0 ? argv[0] : nullptr, "fares");
  CLI::App app{"Scrapes the bus fares of consecutive days, with any strategy and transport of farebench.",
               command};
  app.footer(notes);
  std::string first_date;
  std::string format;
  std::string transport_name{flags.http->name()};
  std::string strategy;
  std::string part;
  merge_flags merge;
  std::string merge_format;
  const auto* const merging = add_merge(app, merge, merge_format);
  app.add_option("--from", flags.only_route.from, "departure station, e.g. ID10202003")->type_name("ID");
  app.add_option("--to", flags.only_route.to, "arrival station, e.g. ID10202002")->type_name("ID");
  app.add_option("--routes", flags.routes,
                 "instead of --from and --to: file with a line FROM,TO per route; - is standard input")
      ->type_name("FILE");
  app.add_option("--first-date", first_date, "first day, e.g. 2026-03-01; default: today (UTC)")
      ->type_name("DATE");
  app.add_option("--days", flags.days, "number of days, of each route")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{36'525}).description(""))
      ->type_name("N");
  app.add_option("--transport", transport_name,
                 fmt::format("HTTP client: {}; native has no TLS", fmt::join(transport_names(), " or ")))
      ->capture_default_str()
      ->type_name("NAME");
  app.add_option("--strategy", strategy, strategies_help())->type_name("NAME");
  app.add_option("--workers", flags.workers, "maximum number of concurrent scrapes")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}).description(""))
      ->type_name("W");
  app.add_option("--loops", flags.loops,
                 "number of event loops, one thread each, for strategies that use them")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'024}).description(""))
      ->type_name("N");
  app.add_option("--url", flags.url, "scheme, host and port of the site; default: an embedded mock server")
      ->type_name("URL");
  app.add_option("--format", format, format_help)->type_name("FORMAT");
  app.add_option("--out", flags.out, out_help)->type_name("FILE");
  app.add_option(
         "--shard", part,
         "scrape the i-th of n parts of all queries, e.g. 2/5. auto: that of a Slurm array; auto/n: of "
         "a Slurm array or Kubernetes Indexed Job")
      ->type_name("I/N");
  app.add_option("--attempts", flags.policy.max_attempts,
                 "maximum number of attempts per day, including the first")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{100}).description(""))
      ->type_name("N");
  add_duration(app, "--deadline", flags.policy.scrape_deadline,
               "time per day, including all attempts and delays; default: 60s");
  add_duration(app, "--connect-timeout", flags.policy.exchange.connect_timeout,
               "time per connection attempt; default: 5s");
  add_duration(app, "--timeout", flags.policy.exchange.exchange_deadline,
               "time per request, until its last byte; default: 30s");
  app.set_version_flag("--version", version_line(), "print version and commit");
  try {
    parse_command_line(app, argc, argv);
    if (*merging) {
      check_merge(app, merge, merge_format);
      result.merge = std::move(merge);
      return result;
    }
    flags.first_date = date_flag(first_date);
    check_route(app, flags);
    check_dates(flags);
    if (flags.out == "-") flags.out.clear();
    if (app.count("--shard") > 0) check_shard(app, flags, part);
    flags.format = format_flag(format, flags.out);
    flags.url = url_flag(flags.url);
    flags.http = &transport_flag(transport_name);
    flags.strategy = strategy_flag(strategy, *flags.http);
  } catch (const CLI::CallForHelp&) {
    const auto text = *merging ? "" : with_command_name(examples, "fares", command) + '\n';
    print_output(text + app.help());
    result.exit_code = 0;
  } catch (const CLI::CallForVersion&) {
    print_output(version_line() + '\n');
    result.exit_code = 0;
  } catch (const CLI::ParseError& error) {
    print_error("fares", fmt::format("{} (see --help)", error.what()));
    result.exit_code = 2;
  }
  return result;
}

}  // namespace farebench
