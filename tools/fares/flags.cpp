#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "farebench/date.hpp"
#include "farebench/strategy.hpp"
#include "lib/system/command_line.hpp"
#include "tools/fares/fares.hpp"

namespace farebench {
namespace {

using namespace std::chrono;

constexpr const char* examples = R"(Examples:
  fares --from ID10202003 --to ID10202002                     the next 100 days, from the embedded mock server
  fares --from ID10202003 --to ID10202002 --days 7 --format json
  fares --from ID10202003 --to ID10202002 --url http://127.0.0.1:8080 --strategy thread_pool --workers 20
  fares --from ID10202003 --to ID10202002 --attempts 5 --deadline 120s --format csv --out fares.csv
)";

constexpr const char* exit_codes = R"(
Fares go to standard output, or to the file of --out, in the order of their dates (a day that comes home early
waits for those before it), errors to standard error, a line a day. The file is put in its place once it is
whole; until then what was there stays.

What may pass (no connection, a broken answer, a timeout, a status of 408, 425, 429 or 5xx) is tried again, after
a wait that grows, or as long as the site asks for, up to 30 s; an expired session once, at once. In all no more
often than 10 times and once for every five days, so that a site that is down is left in peace.

Control characters of the site's text are written as \xNN (in JSON as \u00NN); in CSV a text that a spreadsheet
would take for a formula has a ' before it.

Ctrl-C begins nothing more, and lets what is in flight come home for up to 5 s; what has is written, and the rest
is listed as cancelled. A second one ends at once, and writes no file.

Exit codes: 0 every day came home; 1 some did not, or the output could not be written; 2 usage; 130 interrupted
before every day was home.
)";

milliseconds duration_flag(const std::string& flag, const std::string& text) {
  const auto parsed = parse_duration(text);
  if (!parsed) throw CLI::ValidationError(flag, parsed.error());
  const auto rounded = ceil<milliseconds>(*parsed);
  if (rounded == 0ms)
    throw CLI::ValidationError(flag, "must be longer than zero");  // to libcurl zero means: no limit
  return rounded;
}

year_month_day date_flag(const std::string& text) {
  const auto date = parse_iso_date(text);
  if (!date)
    throw CLI::ValidationError("--first-date",
                               fmt::format("'{}' is not a date: write it as 2026-03-01", text));
  return *date;
}

fares_format format_flag(const std::string& text) {
  if (text == "table") return fares_format::table;
  if (text == "csv") return fares_format::csv;
  if (text == "json") return fares_format::json;
  throw CLI::ValidationError("--format", fmt::format("'{}' is none: choose table, csv or json", text));
}

void check_last_date(const fares_flags& flags) {
  const year_month_day last = sys_days{flags.first_date} + days{static_cast<int>(flags.days) - 1};
  if (flags.first_date.year() < 2000y || last.year() > 2099y) {
    throw CLI::ValidationError("--first-date",
                               "the site's form has dates from 2000-01-01 to 2099-12-31 only");
  }
}

}  // namespace

parsed_flags parse_fares_flags(int argc, char** argv) {
  parsed_flags out;
  fares_flags& flags = out.flags;
  CLI::App app{"Scrapes bus fares for consecutive days, with any of farebench's strategies.", "fares"};
  app.footer(exit_codes);
  std::string first_date;
  std::string format = "table";
  std::string timeout;
  std::string connect_timeout;
  std::string deadline;
  app.add_option("--from", flags.from, "station to leave from, e.g. ID10202003")->required()->type_name("ID");
  app.add_option("--to", flags.to, "station to go to, e.g. ID10202002")->required()->type_name("ID");
  app.add_option("--first-date", first_date, "first day, e.g. 2026-03-01; default: today (UTC)")
      ->type_name("DATE");
  app.add_option("--days", flags.days, "how many days")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{36'525}).description(""))
      ->type_name("N");
  app.add_option("--strategy", flags.strategy, fmt::format("one of {}", fmt::join(strategy_names(), ", ")))
      ->capture_default_str()
      ->type_name("NAME");
  app.add_option("--workers", flags.workers, "most scrapes in flight at once")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}).description(""))
      ->type_name("W");
  app.add_option("--loops", flags.loops, "event loops, each on a thread, for the strategies that have them")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'024}).description(""))
      ->type_name("N");
  app.add_option("--url", flags.url, "the site: scheme, host and port; default: an embedded mock server")
      ->type_name("URL");
  app.add_option("--format", format, "table, csv or json; default: table")->type_name("FORMAT");
  app.add_option("--out", flags.out, "the file to write; default: standard output")->type_name("FILE");
  app.add_option("--attempts", flags.policy.max_attempts, "most attempts at a day, the first included")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{1}, std::size_t{100}).description(""))
      ->type_name("N");
  app.add_option("--deadline", deadline, "for each day, all attempts and waits together; default: 60s")
      ->type_name("TIME");
  app.add_option("--connect-timeout", connect_timeout, "for each connection; default: 5s")->type_name("TIME");
  app.add_option("--timeout", timeout, "for each request, from its start to its last byte; default: 30s")
      ->type_name("TIME");
  try {
    app.parse(argc, argv);
    flags.first_date =
        first_date.empty() ? year_month_day{floor<days>(system_clock::now())} : date_flag(first_date);
    if (!connect_timeout.empty())
      flags.policy.exchange.connect_timeout = duration_flag("--connect-timeout", connect_timeout);
    if (!deadline.empty()) flags.policy.scrape_deadline = duration_flag("--deadline", deadline);
    if (!timeout.empty()) flags.policy.exchange.exchange_deadline = duration_flag("--timeout", timeout);
    if (flags.from.empty() || flags.to.empty())
      throw CLI::ValidationError("--from, --to", "a station is empty");
    check_last_date(flags);
    flags.format = format_flag(format);
    make_strategy(flags.strategy);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}\n{}", examples, app.help());
    out.exit_code = 0;
  } catch (const CLI::ParseError& fault) {
    print_error("fares", fmt::format("{} (see --help)", fault.what()));
    out.exit_code = 2;
  } catch (const std::invalid_argument& fault) {
    print_error("fares", fmt::format("--strategy: {}", fault.what()));
    out.exit_code = 2;
  }
  return out;
}

}  // namespace farebench
