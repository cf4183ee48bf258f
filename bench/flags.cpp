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
#include "lib/system/command_line.hpp"
#include "lib/system/flags.hpp"
#include "lib/system/output_file.hpp"
#include "mock_server/latency/latency_model.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t max_workers = 10'000;
constexpr std::size_t max_loops = 64;
constexpr std::size_t default_repetitions = 5;
constexpr std::chrono::microseconds min_sample_every = 500us;
constexpr std::chrono::microseconds max_sample_every = 1s;

/// Returns the library's strategies and the floor, which run unless others are named.
std::vector<std::string> default_strategies() {
  auto names = client_names(client_kind::library);
  std::ranges::move(client_names(client_kind::floor), std::back_inserter(names));
  return names;
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
  bench --latency lognormal:20ms,p99=80ms    random latencies, the same for all strategies
  bench --strategies coroutines --peers      with the clients of the Python comparison
  bench --benchmark_out=run.json             a result file; memory over time in run.timeline.json
  bench --benchmark_format=json > run.json   for programs; the summary goes to standard error
  bench --smoke                              checks responses in seconds, also on a busy machine
)";

constexpr const char* help_notes = R"(
Progress goes to standard error: on a terminal as one changing line, otherwise as a line per case.
Every repetition is appended to the journal when it completes. Ctrl-C begins no further repetition
and gives the current one 5 s; the rows so far are written, with "interrupted" in the context. A
second Ctrl-C exits at once.

A row fails if responses are wrong or the server was too slow to measure the client.
docs/columns.md lists the limits, docs/benchmarking.md describes how rows are measured.

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
  flag("--workload NAME",
       fmt::format("{}. Default: light. Other flags change it; the context then says custom.",
                   workload_descriptions()));
  flag("--strategies A,B",
       fmt::format(
           "Any of {}; or of the Python clients {}. Default: all but the latter. raw_epoll is the floor: "
           "an epoll loop without an HTTP library.",
           fmt::join(default_strategies(), ", "), fmt::join(client_names(client_kind::python), ", ")));
  flag("--peers", "Adds all Python clients. './dev bench --peers' installs their packages.");
  flag("--workers W,W",
       fmt::format("Numbers of scrapes in flight, 1 to {}. sequential and python_sync have one.",
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
  flag("--days N", fmt::format("Number of days to scrape, 1 to {}.", max_days));
  flag("--engine A,B", fmt::format("HTTP server: beast, or cpp-httplib for up to {} workers. Default: {}.",
                                   max_httplib_connections, to_string(default_engine)));
  flag("--smoke", "Runs a tiny workload once and checks only that responses are right.");
  flag("--verbose", "Shows each row, as --benchmark_format=console does. By default only the summary.");
  flag("--summary FILE", "Writes a CSV file with a row per case: its medians, minima and maxima.");
  flag("--journal FILE", "Default: beside --benchmark_out, or beside the program.");
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

std::vector<std::string> parse_strategies(const std::vector<std::string>& names, bool with_python) {
  const auto python = client_names(client_kind::python);
  for (const auto& name : names) {
    if (find_client(name) == nullptr) {
      auto known = default_strategies();
      known.insert(known.end(), python.begin(), python.end());
      throw flag_error{fmt::format("unknown strategy '{}': choose from {}{}", name, fmt::join(known, ", "),
                                   did_you_mean(name, known))};
    }
  }
  auto chosen = names.empty() ? default_strategies() : names;
  if (with_python) chosen.insert(chosen.end(), python.begin(), python.end());
  return without_duplicates(chosen);
}

engine_kind parse_engine(const std::string& name) {
  if (const auto engine = parse_engine_kind(name)) return *engine;
  const std::vector<std::string> names{std::string{to_string(engine_kinds[0])},
                                       std::string{to_string(engine_kinds[1])}};
  throw flag_error{fmt::format("unknown engine '{}': choose {}{}", name, fmt::join(names, " or "),
                               did_you_mean(name, names))};
}

/// Removes strategies with one worker from a workload whose days are as many as its workers.
void leave_out_one_worker(bench_flags& flags) {
  if (flags.what.days) return;
  auto& strategies = flags.what.strategies;
  std::vector<std::string> left_out;
  std::ranges::copy_if(strategies, std::back_inserter(left_out), has_one_worker);
  if (left_out.empty()) return;
  std::erase_if(strategies, has_one_worker);
  auto note = fmt::format(
      "{} left out of {}: with one worker, 10,000 days would take 17 minutes at 50 ms; --days N includes {}",
      fmt::join(left_out, " and "), flags.workload_name, left_out.size() == 1 ? "it" : "them");
  if (strategies.empty()) throw flag_error{std::move(note)};
  flags.notes.push_back(std::move(note));
}

/// Checks what depends on several flags.
void check_cases(bench_flags& flags) {
  const auto cases = cases_of(flags.what);
  for (const auto& row : cases) {
    if (row.engine == engine_kind::cpp_httplib && row.workers > max_httplib_connections) {
      throw flag_error{
          fmt::format("--workers {}: the cpp-httplib engine has at most {} connections; use --engine beast",
                      row.workers, max_httplib_connections)};
    }
  }
  const auto days = std::ranges::max(cases, {}, &benchmark_case::days).days;
  for (const auto& point : flags.what.points) {
    if (const auto complaint = latency_error(point.latency, flags.what.seed, days); !complaint.empty())
      throw flag_error{"--latency: " + complaint};
  }
  const auto workers = std::ranges::max(cases, {}, &benchmark_case::workers).workers;
  if (workers > days) {
    flags.notes.push_back(fmt::format("WARNING: of {} workers only {} have work, because there are {} days",
                                      workers, days, days));
  }
}

/// Returns whether flags left the parameters of a named workload as they are, whatever the strategies.
bool is_unchanged(const workload& what, const workload& named) {
  const auto is_same_point = [](const workload_point& one, const workload_point& other) {
    return one.latency == other.latency && one.kind == other.kind;
  };
  return what.workers == named.workers && what.page_kb == named.page_kb && what.days == named.days &&
         what.engines == named.engines && std::ranges::equal(what.points, named.points, is_same_point);
}

}  // namespace

bench_flags parse_flags(int argc, char** argv) {
  bench_flags flags;
  flags.workload_name = "light";
  bool help = false;
  bool peers = false;
  bool verbose = false;
  std::vector<std::string> strategies;
  std::vector<std::size_t> workers;
  std::vector<std::size_t> loops;
  std::string latency;
  std::string seed = std::to_string(default_latency_seed);
  std::string sample_every = format_duration(flags.sample_every);
  std::vector<std::string> engines;
  std::string page_kb;
  std::size_t days = 0;

  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  const auto range = [](std::size_t min, std::size_t max) { return CLI::Range(min, max).description(""); };
  app.add_flag("-h,--help", help);
  app.add_option("--workload", flags.workload_name);
  app.add_option("--strategies", strategies)->delimiter(',')->transform(trim_blanks());
  app.add_flag("--peers", peers);
  app.add_option("--workers", workers)
      ->delimiter(',')
      ->check(range(1, max_workers))
      ->transform(trim_blanks());
  app.add_option("--loops", loops)->delimiter(',')->check(range(1, max_loops))->transform(trim_blanks());
  app.add_option("--latency", latency);
  app.add_option("--seed", seed);
  app.add_option("--page-kb", page_kb);
  app.add_option("--days", days)->check(range(1, max_days));
  app.add_option("--engine", engines)->delimiter(',')->transform(trim_blanks());
  app.add_flag("--smoke", flags.smoke);
  app.add_flag("--verbose", verbose);
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
    print_output(help_text());
    throw help_shown{};
  }

  const auto* const named = find_workload(flags.workload_name);
  if (named == nullptr) {
    const auto known = workload_names();
    const std::vector<std::string> names{known.begin(), known.end()};
    throw flag_error{fmt::format("unknown workload '{}': choose {}{}", flags.workload_name,
                                 fmt::join(names, " or "), did_you_mean(flags.workload_name, names))};
  }
  flags.what = named->parameters;
  flags.what.strategies = parse_strategies(strategies, peers);
  if (flags.smoke) {
    flags.workload_name = "smoke";
    flags.what.workers = {1, 4};
    flags.what.points = {{1ms}};
    flags.what.days = 6;
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
  if (days != 0) flags.what.days = days;
  if (!engines.empty()) {
    flags.what.engines.clear();
    for (const auto& name : without_duplicates(engines)) flags.what.engines.push_back(parse_engine(name));
  }
  leave_out_one_worker(flags);
  check_cases(flags);
  if (!flags.smoke && !is_unchanged(flags.what, named->parameters)) flags.workload_name = "custom";
  auto names = flag_names(app);
  names.insert(names.end(), google_benchmark_flags.begin(), google_benchmark_flags.end());
  parse_google_flags(flags, google_flags{app.remaining(), names}, argv[0]);
  if (verbose && !flags.display_format) flags.display_format = output_format::console;
  return flags;
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

output_paths output_paths_of(const bench_flags& flags, const fs::path& programs) {
  output_paths paths;
  // Nothing is beside a pipe or device.
  const bool has_file = !flags.out.empty() && replaced_file(flags.out);
  if (!flags.journal.empty()) {
    paths.journal = flags.journal;
  } else if (!flags.smoke) {
    paths.journal = has_file ? fs::path{flags.out + ".journal"} : programs / "bench.journal";
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
