#include "bench/flags.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <concepts>
#include <cstdlib>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <span>
#include <system_error>

#include "bench/clients/clients.hpp"
#include "bench/columns.hpp"
#include "bench/output/text_table.hpp"
#include "bench/probe/scrape_task.hpp"
#include "farebench/libcurl.hpp"
#include "farebench/strategy.hpp"
#include "farebench/transport.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/flags.hpp"
#include "lib/system/output_file.hpp"
#include "lib/system/quantities.hpp"
#include "lib/system/shard.hpp"
#include "mock_server/latency/latency_model.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t max_workers = 10'000;
constexpr std::size_t max_loops = 64;
constexpr std::size_t max_items = 1'000'000;
/// Fresh connections leave ports in TIME_WAIT for a minute; Linux has 28,232 of them by default.
constexpr std::size_t max_fresh_connections = 28'000;
constexpr std::size_t default_repetitions = 5;
constexpr std::chrono::microseconds min_sample_every = 500us;
constexpr std::chrono::microseconds max_sample_every = 1s;

/// Returns the names of strategies on any of the transports, and of the floor.
std::vector<std::string> strategies_on(std::span<const std::string> chosen) {
  std::vector<std::string> names;
  for (const auto& client : probe_clients()) {
    const std::string name{split_client_name(client.name).strategy};
    const bool is_on_chosen =
        client.kind == client_kind::floor || std::ranges::find(chosen, client.transport) != chosen.end();
    if (is_on_chosen && std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

/// Returns "sequential, thread_pool, …".
std::string strategies_of(const transport& http) {
  std::vector<std::string_view> names;
  for (const auto& info : http.strategies()) names.push_back(info.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Returns "  NAME  text", with the text wrapped to 100 columns beside the name.
std::string help_entry(std::string_view name, std::string_view text, std::size_t name_width) {
  std::string entry = fmt::format("  {:<{}}  ", name, name_width);
  const std::string indent(entry.size(), ' ');
  for (const char c : wrap_text(text, 100 - indent.size(), 0)) {
    entry += c;
    if (c == '\n') entry += indent;
  }
  return entry + '\n';
}

constexpr const char* examples = R"(Examples:
  bench                                      the workload light, five repetitions
  bench --workload article                   the workload of the Python comparison
  bench --workload scale                     100 to 10,000 requests in flight
  bench --strategies multi_socket,raw_epoll --workers 1,10,100 --latency 50ms
  bench --transport libcurl,native           what does the HTTP library cost?
  bench --latency lognormal:20ms,p99=80ms    random latencies, the same for all strategies
  bench --task get --items 500 --latency 80ms --workers 10,50   500 independent calls
  bench --client 'mine=./client --fast'      your own client as a row (docs/clients.md)
  bench --check-client './client --fast'     checks that it can be one
  bench --benchmark_out=run.json             a result file, and run.timeline.json
  bench --benchmark_format=json > run.json   for programs; summary on standard error
  bench --sort memory --table markdown       the table for a README, leanest rows first
  bench --shard 2/4 --benchmark_out=2.json   one part of four, on a machine of its own
  bench --smoke                              checks responses, also on a busy machine
)";

constexpr const char* help_notes = R"(
A line per finished case goes to standard error: its median time with half of the range, CPU time
per request and peak memory. On a terminal, a changing line below shows the current repetition and
the time left.
Every repetition is appended to the journal when it completes. Ctrl-C begins no further repetition
and gives the current one 5 s; the rows so far are written, with "interrupted" in the context. A
second Ctrl-C exits at once.

A row fails if responses are wrong or the server was too slow to measure the client.
docs/columns.md lists the limits, docs/benchmarking.md describes how rows are measured.

Folders: a bench in a build writes its journal beside itself. An installed one writes nothing there:
its journal is in $XDG_STATE_HOME/farebench (default: ~/.local/state/farebench), and built clients
are in $XDG_CACHE_HOME/farebench/clients (default: ~/.cache/farebench/clients).

Colours: on a terminal, unless NO_COLOR is set and not empty; --benchmark_color overrides it.

Exit codes: 0 all rows are valid; 1 a row failed, or an error of input or output; 2 usage error;
130 interrupted before all rows were measured; 141 (SIGPIPE) standard output was closed by its
reader, and all files are written.

Flags of Google Benchmark follow. Repetitions default to 5, in random order over all cases. Its
cpu_time is that of the bench.
)";

std::string help_text() {
  std::string text = fmt::format("{}\nFlags:\n", examples);
  const auto flag = [&](std::string_view name, std::string_view meaning) {
    text += help_entry(name, meaning, 20);
  };
  flag("-h, --help", "This text.");
  flag("--version", "Prints version and commit.");
  flag("--workload NAME",
       fmt::format("{}. Default: light. Other flags change it; the context then says custom.",
                   workload_descriptions()));
  flag("--strategies A,B",
       "Strategies on the chosen transports, raw_epoll, or none. Default: all. raw_epoll is the floor: an "
       "epoll "
       "loop without an HTTP library. STRATEGY/TRANSPORT is that row alone, as tables name it: "
       "coroutines/native.");
  std::string of_transports;
  for (const transport* const http : transports())
    of_transports +=
        fmt::format("{}{} ({})", of_transports.empty() ? "" : ", or ", http->name(), strategies_of(*http));
  flag("--transport A,B",
       fmt::format("HTTP clients below the strategies: {}. Default: libcurl.", of_transports));
  flag("--client NAME=CMD",
       "Adds a client of your own: a program that speaks the protocol of docs/clients.md. Its row is "
       "client:NAME. Can be given several times.");
  flag("--clients A,B",
       "Adds clients in other languages: names of languages or clients, or all. './dev bench --clients all' "
       "builds those whose tools are installed.");
  flag("--check-client CMD",
       "Checks in place of a run that a client keeps the protocol: prints a line per check, with what to "
       "change. --task T checks one task only.");
  flag("--check-clients A,B", "The same for built clients: names of languages or clients, or all.");
  flag("--task A,B",
       "Work per item: scrape, a day's fares in two requests (the default), or get, one GET of a page.");
  flag("--workers W,W",
       fmt::format("Numbers of items in progress, 1 to {}. Clients without concurrency have one.",
                   max_workers));
  flag(
      "--loops N,N",
      fmt::format("Numbers of event loops, each in a thread, 1 to {}, for strategies with loops. Default: 1.",
                  max_loops));
  flag("--latency TIME",
       "Latency of each response: 20ms, 1.5s, 250us or 0; random: uniform:10ms-30ms, or "
       "lognormal:20ms,p99=80ms with median and 99th percentile.");
  flag("--seed N", "Seed of random latencies. Default: 0.");
  flag("--page-kb KIB",
       fmt::format("Size of a page of fares, {} to {} KiB: 94, 94KB or 94KiB.", min_page_kb, max_page_kb));
  flag("--items N",
       fmt::format("Number of items, 1 to {}, or to {} for the task scrape, whose items are days "
                   "(also --days).",
                   max_items, max_days));
  flag("--connections M,M", "kept: a connection per worker (the default); fresh: a new one for each item.");
  flag("--warm-up N", "Items that each client runs before it is measured. Default: 0.");
  flag("--server U,U",
       "URL of a mock server that runs elsewhere, whose latency, page size and engine are measured. The row "
       "fails within 10 s if it ends or the network is cut. With --shard I/N: as many servers as shards run "
       "at a time, which take turns; shard 1 uses the first.");
  flag("--shard I/N",
       "Runs part I of N of the cases, for several machines; 'track merge' joins the results. auto: of a "
       "Slurm array 1-N; auto/N: of a Slurm array or a Kubernetes Indexed Job. Cases of the same worker "
       "count, latency and all else that the client does not choose are one part.");
  flag("--engine A,B", fmt::format("HTTP server: beast, or cpp-httplib for up to {} workers. Default: {}.",
                                   max_httplib_connections, to_string(default_engine)));
  flag("--smoke",
       "Runs a tiny workload once and checks only that responses are right, by default on all transports.");
  flag("--verbose", "Shows each repetition with all columns, as --benchmark_format=console does.");
  flag("--sort COLUMN",
       "Sorts the table at the end: time, cpu, memory, worker_memory or name. Only rows that share worker "
       "count, latency and all else that the client does not choose change places; failed ones are last.");
  flag("--table FORMAT", "Format of that table: text (the default) or markdown, of any width.");
  flag("--summary FILE", "Writes a CSV file with a row per case: its medians, minima and maxima.");
  flag("--journal FILE", "Default: beside --benchmark_out, or bench.journal in the folder below.");
  flag("--timeline FILE",
       "Memory over time of each repetition, as JSON. Default: beside --benchmark_out. /dev/null: none.");
  flag(
      "--sample-every TIME",
      fmt::format("Interval between samples of memory, {} to {}; longer if sampling would take more than 1 % "
                  "of a core. Default: {}.",
                  format_duration(min_sample_every), format_duration(max_sample_every),
                  format_duration(default_sample_every)));
  text += "\nColumns of a row:\n";
  for (const column& one : columns()) text += help_entry(one.name, one.meaning, 28);
  return text + help_notes;
}

/// Flags of Google Benchmark on the command line and in the environment.
class google_flags {
 public:
  /// `names` are those of all flags, also of the bench's own.
  google_flags(std::vector<std::string> arguments, std::span<const std::string> names)
      : arguments_{std::move(arguments)} {
    constexpr std::array without_value{"--benchmark_list_tests",
                                       "--benchmark_enable_random_interleaving",
                                       "--benchmark_report_aggregates_only",
                                       "--benchmark_display_aggregates_only",
                                       "--benchmark_counters_tabular",
                                       "--benchmark_dry_run"};
    for (const auto& argument : arguments_) {
      const bool is_known = argument.starts_with("--v=") || argument.starts_with("--benchmark_");
      const bool is_complete =
          argument.contains('=') || std::ranges::find(without_value, argument) != without_value.end();
      if (!is_known || !is_complete) {
        const auto name = argument.substr(0, argument.find('='));
        throw flag_error{fmt::format("unknown or incomplete argument '{}': see --help{}", argument,
                                     did_you_mean(name, names))};
      }
    }
  }

  /// Returns all values of --NAME=VALUE, that of the environment variable in capitals first.
  std::vector<std::string> values(std::string_view name) const {
    std::vector<std::string> found;
    std::string variable;
    for (const char c : name) variable += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (const char* const value = std::getenv(variable.c_str())) found.emplace_back(value);
    const auto prefix = fmt::format("--{}=", name);
    for (const auto& argument : arguments_) {
      if (argument.starts_with(prefix)) found.push_back(argument.substr(prefix.size()));
      if (argument == "--" + std::string{name}) found.emplace_back("true");
    }
    return found;
  }

  /// Returns the value that holds, which must be among the choices if there are any.
  std::optional<std::string> value(std::string_view name,
                                   std::initializer_list<std::string_view> choices = {}) const {
    const auto all = values(name);
    if (all.empty()) return std::nullopt;
    if (choices.size() > 0 && std::ranges::find(choices, all.back()) == choices.end())
      throw flag_error{fmt::format("--{}={}: choose {}", name, all.back(), fmt::join(choices, " or "))};
    return all.back();
  }

  bool is_set(std::string_view name, bool otherwise) const {
    const auto text = value(name, {"true", "false"});
    return text ? *text == "true" : otherwise;
  }

  /// Removes a flag from the arguments.
  void remove(std::string_view name) {
    std::erase_if(arguments_, [&](const std::string& argument) {
      return argument == fmt::format("--{}", name) || argument.starts_with(fmt::format("--{}=", name));
    });
  }

  const std::vector<std::string>& arguments() const { return arguments_; }

 private:
  std::vector<std::string> arguments_;
};

template <std::unsigned_integral Number>
Number parse_number(std::string_view flag, const std::string& text, Number min, Number max) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < min || number > max)
    throw flag_error{fmt::format("{}{}: write a whole number from {} to {}", flag, text, min, max)};
  return number;
}

/// Adds the pairs of "key=value,key=value". Later values win.
void add_context(std::map<std::string, std::string>& context, const std::string& text) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const std::string pair{trimmed(std::string_view{text}.substr(begin, end - begin))};
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      throw flag_error{fmt::format("--benchmark_context={}: write key=value,key=value", text)};
    context[pair.substr(0, equals)] = pair.substr(equals + 1);
    begin = end + 1;
  }
}

void parse_google_flags(bench_flags& flags, google_flags given, const char* program) {
  for (const char* name : {"benchmark_min_time", "benchmark_min_warmup_time"}) {
    if (given.value(name)) {
      throw flag_error{fmt::format(
          "--{} has no meaning, because one iteration is one client process: use --benchmark_repetitions",
          name)};
    }
  }
  flags.lists_only = given.is_set("benchmark_list_tests", false);
  if (const auto format = given.value("benchmark_format", {"console", "json", "csv"}))
    flags.display_format = parse_output_format(*format);
  flags.display_aggregates_only = given.is_set("benchmark_display_aggregates_only", false);
  const auto color = given.value("benchmark_color", {"auto", "true", "false"}).value_or("auto");
  if (color != "auto") flags.color = color == "true";
  flags.tabular = given.is_set("benchmark_counters_tabular", true);
  flags.out = given.value("benchmark_out").value_or("");
  flags.out_format =
      *parse_output_format(given.value("benchmark_out_format", {"console", "json", "csv"}).value_or("json"));
  for (const auto& text : given.values("benchmark_context")) add_context(flags.context, text);
  // Of an invalid unit, Google Benchmark prints its usage and exits with 0; other words it takes for true.
  given.value("benchmark_time_unit", {"ns", "us", "ms", "s"});
  given.is_set("benchmark_report_aggregates_only", false);
  given.is_set("benchmark_enable_random_interleaving", true);

  flags.repetitions = flags.smoke ? 1 : default_repetitions;
  if (const auto repetitions = given.value("benchmark_repetitions"))
    flags.repetitions = parse_number<std::size_t>("--benchmark_repetitions=", *repetitions, 1, 1000);

  // These are the bench's. Their environment variables must not reach Google Benchmark either.
  for (const char* name :
       {"benchmark_list_tests", "benchmark_format", "benchmark_display_aggregates_only", "benchmark_color",
        "benchmark_counters_tabular", "benchmark_out", "benchmark_out_format", "benchmark_context"})
    given.remove(name);
  flags.google_benchmark = {program, fmt::format("--benchmark_repetitions={}", flags.repetitions),
                            "--benchmark_enable_random_interleaving=true"};
  std::ranges::copy(given.arguments(), std::back_inserter(flags.google_benchmark));
  std::ranges::copy(
      std::initializer_list<const char*>{"--benchmark_list_tests=false",
                                         "--benchmark_display_aggregates_only=false", "--benchmark_out="},
      std::back_inserter(flags.google_benchmark));
}

std::chrono::microseconds parse_sample_every(const std::string& text) {
  const auto parsed = parse_duration(text);
  if (!parsed) throw flag_error{"--sample-every: " + parsed.error()};
  if (*parsed < min_sample_every || *parsed > max_sample_every) {
    throw flag_error{
        fmt::format("--sample-every {}: choose from {} to {}; shorter ones would disturb the client", text,
                    format_duration(min_sample_every), format_duration(max_sample_every))};
  }
  return *parsed;
}

/// Keeps the first of equal values: cases need different names.
template <typename Value>
std::vector<Value> without_duplicates(const std::vector<Value>& values) {
  std::vector<Value> kept;
  for (const auto& value : values) {
    if (std::ranges::find(kept, value) == kept.end()) kept.push_back(value);
  }
  return kept;
}

std::vector<std::string> transport_names() {
  std::vector<std::string> names;
  for (const transport* const http : transports()) names.emplace_back(http->name());
  return names;
}

std::vector<std::string> parse_transports(const std::vector<std::string>& names) {
  const auto known = transport_names();
  for (const auto& name : names) {
    if (std::ranges::find(known, name) == known.end())
      throw flag_error{fmt::format("--transport '{}': choose {}{}", name, fmt::join(known, " or "),
                                   did_you_mean(name, known))};
  }
  return without_duplicates(names);
}

/// Returns whether NAME or NAME/TRANSPORT selects a client. NAME selects those on the chosen transports.
bool selects(std::string_view text, const client_info& client, const std::vector<std::string>& chosen) {
  if (client.kind == client_kind::floor) return text == client.name;
  const auto [name, http] = split_client_name(text);
  if (name != split_client_name(client.name).strategy) return false;
  return http.empty() ? std::ranges::find(chosen, client.transport) != chosen.end()
                      : http == client.transport;
}

/// Returns the complaint about a name that selects no client.
std::string unknown_strategy(const std::string& name, const std::vector<std::string>& chosen) {
  const auto names = strategies_on(chosen);
  for (const auto& other : transport_names()) {
    const auto strategies = strategies_on(std::array{other});
    if (std::ranges::find(strategies, name) == strategies.end()) continue;
    return fmt::format("strategy '{}' is on {} only: choose from {}, or add {} to --transport", name, other,
                       fmt::join(names, ", "), other);
  }
  auto candidates = names;
  for (const auto& client : probe_clients()) candidates.push_back(client.name);
  return fmt::format("unknown strategy '{}': choose from {}; --clients has other languages{}", name,
                     fmt::join(names, ", "), did_you_mean(name, candidates));
}

/// Returns the clients that the names select, all those on the chosen transports if there are no names.
std::vector<std::string> parse_strategies(std::vector<std::string> names,
                                          const std::vector<std::string>& chosen) {
  if (names == std::vector<std::string>{"none"}) return {};
  std::vector<std::string> selected;
  if (names.empty()) {
    for (const auto& client : probe_clients()) {
      if (selects(split_client_name(client.name).strategy, client, chosen)) selected.push_back(client.name);
    }
    return selected;
  }
  for (const auto& name : names) {
    const auto count_before = selected.size();
    for (const auto& client : probe_clients()) {
      if (selects(name, client, chosen)) selected.push_back(client.name);
    }
    if (selected.size() == count_before) throw flag_error{unknown_strategy(name, chosen)};
  }
  return without_duplicates(selected);
}

/// Returns the transports of strategies whose names have none. The smoke test is of all.
std::vector<std::string> chosen_transports(const std::vector<std::string>& names, bool runs_all) {
  if (!names.empty()) return parse_transports(names);
  return runs_all ? transport_names() : std::vector{std::string{libcurl_transport().name()}};
}

std::vector<client_program_ptr> parse_clients(const std::vector<std::string>& texts) {
  std::vector<client_program_ptr> clients;
  for (const auto& text : texts) {
    try {
      clients.push_back(parse_client(text));
    } catch (const std::invalid_argument& error) {
      throw flag_error{fmt::format("--client: {}", error.what())};
    }
    const auto& name = clients.back()->info.name;
    if (std::ranges::count(clients, name, [](const auto& client) { return client->info.name; }) > 1)
      throw flag_error{fmt::format("--client: two clients are named {}: rename one", name)};
  }
  return clients;
}

/// Returns the value of that name.
template <typename Value, std::size_t Size>
Value parse_choice(std::string_view flag, const std::string& name, const std::array<Value, Size>& values) {
  std::vector<std::string> names;
  for (const auto value : values) {
    if (name == to_string(value)) return value;
    names.emplace_back(to_string(value));
  }
  throw flag_error{
      fmt::format("{} '{}': choose {}{}", flag, name, fmt::join(names, " or "), did_you_mean(name, names))};
}

constexpr std::array tasks{task_kind::scrape, task_kind::get};
constexpr std::array connection_modes{connection_mode::kept, connection_mode::fresh};
constexpr std::array table_formats{table_format::text, table_format::markdown};
constexpr std::array table_orders{table_order::time, table_order::cpu, table_order::memory,
                                  table_order::worker_memory, table_order::name};

/// Removes clients with one worker from a workload whose items are as many as its workers.
void leave_out_one_worker(bench_flags& flags) {
  if (flags.what.items) return;
  std::vector<std::string> left_out;
  std::ranges::copy_if(flags.what.strategies, std::back_inserter(left_out), has_one_worker);
  std::erase_if(flags.what.strategies, has_one_worker);
  std::erase_if(flags.what.programs, [&](const client_program_ptr& client) {
    if (client->info.uses_workers) return false;
    left_out.push_back(client->info.name);
    return true;
  });
  if (left_out.empty()) return;
  auto note = fmt::format(
      "{} left out of {}: with one worker, 10,000 items would take 17 minutes at 50 ms; --items N includes "
      "{}",
      fmt::join(left_out, " and "), flags.workload_name, left_out.size() == 1 ? "it" : "them");
  if (flags.what.strategies.empty() && flags.what.programs.empty()) throw flag_error{std::move(note)};
  flags.notes.push_back(std::move(note));
}

void check_latencies(const workload& what, std::string_view flag) {
  const auto items = what.items.value_or(std::ranges::max(what.workers));
  for (const auto& point : what.points) {
    for (const task_kind task : what.tasks) {
      if (const auto complaint = latency_error(point.latency, what.seed, task, items); !complaint.empty())
        throw flag_error{fmt::format("{}: {}", flag, complaint)};
    }
  }
}

/// Checks what depends on several flags.
void check_combinations(bench_flags& flags) {
  const workload& what = flags.what;
  const auto cases = cases_of(what);
  const auto workers = std::ranges::max(cases, {}, &benchmark_case::workers).workers;
  const auto items = std::ranges::max(cases, {}, &benchmark_case::items).items;
  if (std::ranges::find(what.engines, engine_kind::cpp_httplib) != what.engines.end() &&
      workers > max_httplib_connections) {
    throw flag_error{
        fmt::format("--workers {}: the cpp-httplib engine has at most {} connections; use --engine beast",
                    workers, max_httplib_connections)};
  }
  const bool has_scrape = std::ranges::find(what.tasks, task_kind::scrape) != what.tasks.end();
  for (const auto& [flag, count] : {std::pair{"--items", items}, std::pair{"--warm-up", what.warm_up}}) {
    if (has_scrape && count > max_days) {
      throw flag_error{fmt::format("{} {}: the task scrape has at most {} days; use --task get for more",
                                   flag, count, max_days)};
    }
  }
  if (std::ranges::find(what.connections, connection_mode::fresh) != what.connections.end() &&
      items + what.warm_up > max_fresh_connections) {
    throw flag_error{
        fmt::format("--connections fresh: {} items would need as many ports; use at most {} items",
                    items + what.warm_up, max_fresh_connections)};
  }
  check_latencies(what, "--latency");
  if (workers > items) {
    flags.notes.push_back(fmt::format("WARNING: of {} workers only {} have work, because there are {} {}",
                                      workers, items, items, has_scrape ? "days" : "items"));
  }
}

/// Checks a workload that has all its clients.
void check_workload(bench_flags& flags) {
  if (flags.what.strategies.empty() && flags.what.programs.empty())
    throw flag_error{"--strategies none: no client is left; add --client or --clients"};
  leave_out_one_worker(flags);
  check_combinations(flags);
}

/// Checks the URLs of servers elsewhere. A server has a setting of each kind, which flags cannot change.
void check_servers(const CLI::App& app, bench_flags& flags) {
  if (app.count("--server") == 0) return;
  constexpr std::string_view scheme = "http://";
  for (auto& server : flags.servers) {
    while (server.ends_with('/')) server.pop_back();
    if (!server.starts_with(scheme) || server.size() == scheme.size() ||
        server.find_first_of("/?#@ ", scheme.size()) != std::string::npos)
      throw flag_error{
          fmt::format("--server '{}': write http://HOST:PORT of a mock_server", printable(server))};
  }
  if (flags.servers.size() > 1 && !flags.part)
    throw flag_error{
        fmt::format("--server: {} servers are for the shards of a run; add --shard I/N, or name one",
                    flags.servers.size())};
  for (const char* name : {"--latency", "--seed", "--page-kb", "--engine", "--smoke"}) {
    if (app.count(name) > 0)
      throw flag_error{
          fmt::format("{} has no effect with --server: the server there has its own settings", name)};
  }
  // Known later.
  flags.what.points = {{0ms}};
}

/// Returns the check of --check-client and --check-clients, or nullopt. It has the parameters that it needs,
/// so that other flags are errors.
std::optional<client_check> parse_check(const CLI::App& app, const std::string& command,
                                        std::vector<std::string> names,
                                        const std::vector<std::string>& task_names) {
  const bool has_command = app.count("--check-client") > 0;
  if (!has_command && names.empty()) return std::nullopt;
  const char* const flag = has_command ? "--check-client" : "--check-clients";
  auto other = app.remaining();
  for (const CLI::Option* option : app.get_options())
    if (const auto name = option->get_name(); option->count() > 0 && name != flag && name != "--task")
      other.push_back(name);
  if (!other.empty())
    throw flag_error{fmt::format("{} has no effect with {}, which measures nothing; only --task has",
                                 printable(other.front()), flag)};
  client_check check{.clients = {}, .names = std::move(names)};
  if (!task_names.empty()) check.tasks.clear();
  for (const auto& name : without_duplicates(task_names))
    check.tasks.push_back(parse_choice("--task", name, tasks));
  if (!has_command) return check;
  try {
    check.clients.push_back(make_client("checked", command));
  } catch (const std::invalid_argument& error) {
    throw flag_error{fmt::format("--check-client: {}", error.what())};
  }
  return check;
}

/// Returns whether flags left the parameters of a named workload as they are, whatever the strategies.
bool is_unchanged(const workload& what, const workload& named) {
  const auto is_same_point = [](const workload_point& one, const workload_point& other) {
    return one.latency == other.latency && one.kind == other.kind;
  };
  return what.workers == named.workers && what.page_kb == named.page_kb && what.items == named.items &&
         what.tasks == named.tasks && what.connections == named.connections && what.warm_up == 0 &&
         what.engines == named.engines && std::ranges::equal(what.points, named.points, is_same_point);
}

}  // namespace

bench_flags parse_flags(int argc, char** argv) {
  bench_flags flags;
  flags.workload_name = "light";
  bool help = false;
  bool version = false;
  bool verbose = false;
  std::vector<std::string> strategies;
  std::vector<std::string> transport_texts;
  std::vector<std::size_t> workers;
  std::vector<std::size_t> loops;
  std::string latency;
  std::string seed = std::to_string(default_latency_seed);
  std::string sample_every = format_duration(flags.sample_every);
  std::vector<std::string> engines;
  std::string page_kb;
  std::string shard_text;
  std::vector<std::string> task_names;
  std::size_t items = 0;
  std::vector<std::string> connections;
  std::vector<std::string> clients;
  std::string checked_command;
  std::vector<std::string> checked_names;
  std::string table_order_name;
  std::string table_format_name;

  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  const auto range = [](std::size_t min, std::size_t max) { return CLI::Range(min, max).description(""); };
  app.add_flag("-h,--help", help);
  app.add_flag("--version", version);
  app.add_option("--workload", flags.workload_name);
  app.add_option("--strategies", strategies)->delimiter(',')->transform(trim_blanks());
  app.add_option("--transport", transport_texts)->delimiter(',')->transform(trim_blanks());
  app.add_option("--client", clients)->allow_extra_args(false);
  app.add_option("--clients", flags.clients)->delimiter(',')->transform(trim_blanks());
  app.add_option("--task", task_names)->delimiter(',')->transform(trim_blanks());
  app.add_option("--check-client", checked_command);
  app.add_option("--check-clients", checked_names)->delimiter(',')->transform(trim_blanks());
  app.add_option("--workers", workers)
      ->delimiter(',')
      ->check(range(1, max_workers))
      ->transform(trim_blanks());
  app.add_option("--loops", loops)->delimiter(',')->check(range(1, max_loops))->transform(trim_blanks());
  app.add_option("--latency", latency);
  app.add_option("--seed", seed);
  app.add_option("--page-kb", page_kb);
  auto* const days = app.add_option("--days", items)->check(range(1, max_items));
  app.add_option("--items", items)->check(range(1, max_items))->excludes(days);
  app.add_option("--connections", connections)->delimiter(',')->transform(trim_blanks());
  app.add_option("--warm-up", flags.what.warm_up)->check(range(0, max_items));
  app.add_option("--server", flags.servers)->delimiter(',')->transform(trim_blanks());
  app.add_option("--engine", engines)->delimiter(',')->transform(trim_blanks());
  app.add_option("--shard", shard_text);
  app.add_flag("--smoke", flags.smoke);
  app.add_flag("--verbose", verbose);
  app.add_option("--sort", table_order_name);
  app.add_option("--table", table_format_name);
  app.add_option("--summary", flags.summary);
  app.add_option("--journal", flags.journal);
  app.add_option("--timeline", flags.timeline);
  app.add_option("--sample-every", sample_every);
  try {
    parse_command_line(app, argc, argv);
  } catch (const CLI::ParseError& error) {
    throw flag_error{error.what()};
  }
  if (help) {
    print_output(with_command_name(help_text(), "bench", command_name(argv[0], "bench")));
    throw help_shown{};
  }
  if (version) {
    print_output(version_line() + '\n');
    throw version_shown{};
  }
  flags.check = parse_check(app, checked_command, checked_names, task_names);
  if (flags.check) return flags;

  const auto* const named = find_workload(flags.workload_name);
  if (named == nullptr) {
    const auto known = workload_names();
    const std::vector<std::string> names{known.begin(), known.end()};
    throw flag_error{fmt::format("unknown workload '{}': choose {}{}", flags.workload_name,
                                 fmt::join(names, " or "), did_you_mean(flags.workload_name, names))};
  }
  const auto warm_up = flags.what.warm_up;
  flags.what = named->parameters;
  flags.what.warm_up = warm_up;
  const bool runs_all = flags.smoke && strategies.empty();
  flags.what.strategies =
      parse_strategies(std::move(strategies), chosen_transports(transport_texts, runs_all));
  flags.what.programs = parse_clients(clients);
  if (!task_names.empty()) flags.what.tasks.clear();
  for (const auto& name : without_duplicates(task_names))
    flags.what.tasks.push_back(parse_choice("--task", name, tasks));
  if (flags.smoke) {
    flags.workload_name = "smoke";
    flags.what.workers = {1, 4};
    flags.what.points = {{1ms}};
    flags.what.items = 6;
  }
  if (!workers.empty()) flags.what.workers = without_duplicates(workers);
  if (!loops.empty()) flags.what.loops = without_duplicates(loops);
  if (app.count("--latency") > 0) {
    const auto parsed = parse_latency(latency);
    if (!parsed) throw flag_error{"--latency: " + parsed.error()};
    flags.what.points = {{*parsed}};
  }
  // CLI11 would take -1 for the largest number.
  flags.what.seed =
      parse_number<std::uint64_t>("--seed ", seed, 0, std::numeric_limits<std::uint64_t>::max());
  flags.sample_every = parse_sample_every(sample_every);
  if (app.count("--page-kb") > 0) {
    const auto size = parse_kib(page_kb, min_page_kb, max_page_kb);
    if (!size) throw flag_error{"--page-kb: " + size.error()};
    flags.what.page_kb = *size;
  }
  if (items != 0) flags.what.items = items;
  if (!engines.empty()) flags.what.engines.clear();
  for (const auto& name : without_duplicates(engines))
    flags.what.engines.push_back(parse_choice("--engine", name, engine_kinds));
  if (!connections.empty()) flags.what.connections.clear();
  for (const auto& name : without_duplicates(connections))
    flags.what.connections.push_back(parse_choice("--connections", name, connection_modes));
  if (app.count("--shard") > 0) {
    const auto part = parse_shard(shard_text);
    if (!part) throw flag_error{"--shard: " + part.error()};
    flags.part = *part;
  }
  check_servers(app, flags);
  if (flags.clients.empty()) check_workload(flags);
  if (!flags.smoke && !is_unchanged(flags.what, named->parameters)) flags.workload_name = "custom";
  auto names = flag_names(app);
  names.insert(names.end(), google_benchmark_flags.begin(), google_benchmark_flags.end());
  parse_google_flags(flags, google_flags{app.remaining(), names}, argv[0]);
  if (app.count("--sort") > 0) flags.table.order = parse_choice("--sort", table_order_name, table_orders);
  if (app.count("--table") > 0)
    flags.table.format = parse_choice("--table", table_format_name, table_formats);
  if (verbose && !flags.display_format) flags.display_format = output_format::console;
  return flags;
}

void add_clients(bench_flags& flags, const std::optional<fs::path>& folder) {
  const auto select = [&](const char* flag, const std::vector<std::string>& names,
                          std::vector<client_program_ptr>& clients) {
    if (names.empty()) return;
    if (!folder)
      throw flag_error{
          fmt::format("{}: built clients have no folder: set HOME or XDG_CACHE_HOME, or use --client", flag)};
    try {
      std::ranges::move(select_clients(built_clients(*folder / "clients"), names),
                        std::back_inserter(clients));
    } catch (const std::invalid_argument& error) {
      throw flag_error{fmt::format("{}: {}", flag, error.what())};
    }
  };
  if (flags.check) return select("--check-clients", flags.check->names, flags.check->clients);
  if (flags.clients.empty()) return;
  select("--clients", flags.clients, flags.what.programs);
  check_workload(flags);
}

const std::string& server_of(const bench_flags& flags) {
  return flags.servers[(flags.part.value_or(shard{}).index - 1) % flags.servers.size()];
}

void apply_servers(bench_flags& flags, std::span<const server_stats> settings) {
  const auto& first = settings.front();
  const auto engine = parse_engine_kind(first.engine);
  const auto latency = parse_latency(first.latency);
  if (!engine || !latency)
    throw flag_error{
        fmt::format("--server {}: unknown engine or latency in its /stats", flags.servers.front())};
  for (std::size_t i = 0; i < settings.size(); ++i) {
    if (!settings[i].faults.empty())
      throw flag_error{
          fmt::format("--server {}: it injects faults; start it without --faults", flags.servers[i])};
    const auto as_flags = [](const server_stats& server) {
      return fmt::format("--engine {} --latency {} --seed {} --page-kb {}", server.engine, server.latency,
                         server.seed, server.page_kb);
    };
    if (as_flags(settings[i]) != as_flags(first))
      throw flag_error{
          fmt::format("--server: {} has {}, but {} has {}; all shards must measure the same workload",
                      flags.servers.front(), as_flags(first), flags.servers[i], as_flags(settings[i]))};
  }
  flags.what.engines = {*engine};
  flags.what.points = {{*latency}};
  flags.what.seed = first.seed;
  flags.what.page_kb = first.page_kb;
  check_latencies(flags.what, "--server");
}

namespace {

fs::path timeline_beside(fs::path out) {
  // Other extensions may distinguish results: run.1, run.2.
  if (const auto extension = out.extension();
      extension == ".json" || extension == ".csv" || extension == ".txt")
    out.replace_extension();
  return out += ".timeline.json";
}

/// Throws if two of the paths are the same file. Devices may be written twice.
void check_different(std::initializer_list<std::pair<const char*, fs::path>> outputs) {
  std::map<fs::path, const char*> names;
  for (const auto& [name, path] : outputs) {
    const auto file = path.empty() ? std::nullopt : replaced_file(path);
    if (!file) continue;
    std::error_code ignored;
    const auto [other, is_new] =
        names.emplace(fs::weakly_canonical(fs::absolute(*file, ignored), ignored), name);
    if (!is_new)
      throw flag_error{fmt::format("--{} {}: the {} is written there; choose another path", name,
                                   path.string(), other->second)};
  }
}

}  // namespace

output_paths output_paths_of(const bench_flags& flags, const std::optional<fs::path>& folder) {
  output_paths paths;
  // Nothing is beside a pipe or device.
  const bool has_file = !flags.out.empty() && replaced_file(flags.out);
  if (!flags.journal.empty()) {
    paths.journal = flags.journal;
  } else if (!flags.smoke) {
    if (!has_file && !folder)
      throw flag_error{
          "no folder for the journal: set HOME or XDG_STATE_HOME, or choose a file with --journal"};
    paths.journal = has_file ? fs::path{flags.out + ".journal"} : *folder / "bench.journal";
  }
  if (!flags.timeline.empty()) {
    paths.timeline = flags.timeline;
  } else if (has_file) {
    paths.timeline = timeline_beside(flags.out);
  }
  check_different({{"result", flags.out},
                   {"journal", paths.journal.value_or("")},
                   {"timeline", paths.timeline.value_or("")},
                   {"summary", flags.summary}});
  return paths;
}

}  // namespace farebench
