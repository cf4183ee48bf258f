#include "bench/flags.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <optional>
#include <ranges>
#include <system_error>

#include "bench/cases.hpp"
#include "bench/clients/clients.hpp"
#include "bench/columns.hpp"
#include "bench/probe/raw_epoll.hpp"
#include "bench/probe/scrape_task.hpp"
#include "farebench/strategy.hpp"
#include "lib/system/command_line.hpp"
#include "mock_server/latency/latency_model.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_workers = 10'000;
constexpr std::size_t most_loops = 64;
constexpr std::size_t default_repetitions = 5;
constexpr std::chrono::microseconds least_sample_every = 500us;
constexpr std::chrono::microseconds most_sample_every = 1s;

constexpr const char* examples = R"(Examples:
  bench                                              the light workload, five repetitions
  bench --workload article                           the workload of the Python comparison
  bench --workload scale                             from 100 to 10,000 in flight, and whether cost stays flat
  bench --strategies multi_socket,raw_epoll --workers 1,10,100 --latency 50ms
  bench --latency lognormal:20ms,p99=80ms --seed 7   latencies that vary: each strategy meets the same ones
  bench --benchmark_format=json > run.json           for programs; the table goes to stderr
  bench --benchmark_out=run.json                     both: a table to read, a file to keep, and beside it
                                                     run.timeline.json: memory over time
  bench --strategies coroutines --peers              beside the Python comparison's own ways
  bench --smoke                                      are the answers right? In seconds, on a busy machine too
)";

std::string footer() {
  std::string text = "\nColumns, on every row:\n";
  for (const column& column : columns()) text += fmt::format("  {:<30} {}\n", column.name, column.meaning);
  text += R"(
A row fails, with its reason, when its fares differ from what the site holds, it beat the ideal, more than
1 % of its connections were dropped off the listen queue, connections accepted differ from workers (of a
peer, from days), requests were repeated or more in flight than workers, a hold never had all its workers in
flight at once, or the server's median lateness passed max(1 ms, 5 % of the latency; in a burst, 5 % of the
latency · wall / ideal), in three measurements. Of random latencies the mean counts.
The floor's row is warned of a late server: it is what the machine lets through, its server included.
Every row is warned when its sampler took more than 1 % of a core (sampler_cpu_share).

raw_epoll is no strategy of the library but the physical floor: no HTTP library, fixed buffers, one epoll.
Where it is among the rows, the table shows time and CPU over the floor's (×floor, CPU×floor).

The peers, python_…, are the ways of the Python comparison with its own libraries (requests, gevent, aiohttp;
BeautifulSoup), measured as all others are, under /usr/bin/python3. They keep the article's habit of a new
session and connection a day. One whose packages are missing is skipped, with a line that says how to get them.

Random latencies are drawn from --seed: a search's by its date, a start page's by how many scrapes began before
it. So every strategy and repetition meets the same delays; which day meets which start's follows their order.

Memory is looked at from outside every 2 ms (--sample-every), less often where that would take more than 1 % of a
core: at /proc/PID/statm each time; at status, which
tells threads and page tables and costs more, every 8 ms, with every hundredth of growth, and at first more often.
The curve of each repetition, from its baseline to its end, with the phases ready, go, half_done, last_outcome
and exit in ms since go, is written beside --benchmark_out: for run.json in run.timeline.json (or --timeline
FILE). Curves of more than 400 samples are thinned by buckets of time, each of which keeps its highest and its
lowest sample.

Every repetition is appended to the journal as it completes, its curve to FILE.partial, so that a killed run
loses none. Ctrl-C begins no further one, and lets the one under way end for up to 5 s; the rows so far are
written, with "interrupted" in the context of JSON, and the table shown. A second one ends at once, and leaves
the journal alone.

Exit codes: 0 every row stands; 1 a row failed, or something could not be read or written; 2 usage; 130
interrupted before everything was measured.

Google Benchmark's own CPU column is the bench's, not the client's: see cpu_us_per_request. Its flags work
too (repetitions default to 5, interleaved at random):
)";
  return text;
}

/// The value that Google Benchmark will see of its flag --NAME=VALUE: the last one given, or the
/// environment variable of the same name in capitals.
std::optional<std::string> value_of(const std::vector<std::string>& arguments, std::string_view name) {
  std::optional<std::string> found;
  std::string variable;
  for (const char c : name) variable += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (const char* const value = std::getenv(variable.c_str())) found = value;
  const auto prefix = fmt::format("--{}=", name);
  for (const auto& argument : arguments) {
    if (argument.starts_with(prefix)) found = argument.substr(prefix.size());
  }
  return found;
}

void check_choice(const std::string& value, std::string_view flag,
                  std::initializer_list<std::string_view> choices) {
  if (std::ranges::find(choices, value) != choices.end()) return;
  throw flag_error{fmt::format("--{}={}: choose {}", flag, value, fmt::join(choices, " or "))};
}

std::size_t parse_repetitions(const std::string& text) {
  std::size_t count = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (fault != std::errc{} || end != text.data() + text.size() || count == 0 || count > 1000) {
    throw flag_error{fmt::format("--benchmark_repetitions={}: write a whole number from 1 to 1000", text)};
  }
  return count;
}

/// CLI11 wraps a negative number round, and takes one that is too great for the greatest there is.
std::uint64_t parse_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (fault != std::errc{} || end != text.data() + text.size()) {
    throw flag_error{fmt::format("--seed {}: write a whole number from 0 to {}", text,
                                 std::numeric_limits<std::uint64_t>::max())};
  }
  return seed;
}

std::chrono::microseconds parse_sample_every(const std::string& text) {
  const auto parsed = parse_duration(text);
  if (!parsed) throw flag_error{"--sample-every: " + parsed.error()};
  if (*parsed < least_sample_every || *parsed > most_sample_every) {
    throw flag_error{
        fmt::format("--sample-every {}: choose from {} (more often, and the sampler would be what "
                    "is measured) to {}",
                    text, format_duration(least_sample_every), format_duration(most_sample_every))};
  }
  return *parsed;
}

/// Keeps the first of equal ones: two cases of one name could not be told apart.
template <typename Value>
std::vector<Value> without_repeats(const std::vector<Value>& values) {
  std::vector<Value> kept;
  for (const auto& value : values) {
    if (std::ranges::find(kept, value) == kept.end()) kept.push_back(value);
  }
  return kept;
}

/// Returns the library's strategies and the floor.
std::vector<std::string> every_strategy() {
  auto names = client_names(client_kind::library);
  names.emplace_back(floor_strategy);
  return names;
}

/// None named: every strategy. The peers run only where they are named, or all asked for.
std::vector<std::string> chosen_strategies(const std::vector<std::string>& asked, bool with_peers) {
  const auto ours = every_strategy();
  for (const auto& name : asked) {
    if (std::ranges::find(ours, name) == ours.end() && !is_python_client(name)) {
      throw flag_error{fmt::format("there is no strategy '{}': choose from {}, {}", name,
                                   fmt::join(ours, ", "),
                                   fmt::join(client_names(client_kind::python), ", "))};
    }
  }
  auto chosen = asked.empty() ? ours : asked;
  if (with_peers) std::ranges::copy(client_names(client_kind::python), std::back_inserter(chosen));
  return without_repeats(chosen);
}

engine_kind parse_engine(const std::string& name) {
  if (const auto engine = parse_engine_kind(name)) return *engine;
  throw flag_error{fmt::format(
      "there is no engine '{}': choose {}", name,
      fmt::join(engine_kinds | std::views::transform([](engine_kind kind) { return to_string(kind); }),
                " or "))};
}

void check_latencies(const workload& what) {
  const auto rows = cases_of(what);
  const std::size_t days = std::ranges::max(rows, {}, &benchmark_case::days).days;
  for (const auto& point : what.points) {
    if (const auto complaint = complaint_about_length(point.latency, what.seed, days); !complaint.empty())
      throw flag_error{"--latency: " + complaint};
  }
}

/// A workload whose days follow its workers has none for one worker.
void leave_out_one_worker(bench_flags& flags) {
  if (flags.what.days) return;
  auto& strategies = flags.what.strategies;
  std::vector<std::string> left_out;
  std::ranges::copy_if(strategies, std::back_inserter(left_out), has_one_worker);
  if (left_out.empty()) return;
  std::erase_if(strategies, has_one_worker);
  const bool one = left_out.size() == 1;
  auto note = fmt::format(
      "{} {} left out of {}: {} one worker, and 10,000 days one after the other would take 17 "
      "minutes at 50 ms",
      fmt::join(left_out, " and "), one ? "is" : "are", flags.workload_name, one ? "it has" : "they have");
  if (strategies.empty()) throw flag_error{std::move(note)};
  flags.notes.push_back(std::move(note));
}

void check_engine(const workload& what) {
  for (const auto& row : cases_of(what)) {
    if (row.engine == engine_kind::cpp_httplib && row.workers > max_httplib_connections) {
      throw flag_error{fmt::format(
          "--workers {}: the cpp-httplib engine serves at most {} connections; use --engine beast",
          row.workers, max_httplib_connections)};
    }
  }
}

void take_google_benchmark_flags(bench_flags& flags, const std::vector<std::string>& extras,
                                 const char* program) {
  for (const auto& extra : extras) {
    if (!extra.starts_with("--benchmark_") && !extra.starts_with("--v=")) {
      throw flag_error{fmt::format("unknown argument '{}': see --help", extra)};
    }
  }
  for (const char* flag : {"benchmark_min_time", "benchmark_min_warmup_time"}) {
    if (value_of(extras, flag)) {
      throw flag_error{
          fmt::format("--{} has no meaning here, where one iteration is one fresh client process: use "
                      "--benchmark_repetitions",
                      flag)};
    }
  }
  flags.display_format = value_of(extras, "benchmark_format").value_or("console");
  flags.out_format = value_of(extras, "benchmark_out_format").value_or("json");
  flags.out = value_of(extras, "benchmark_out").value_or("");
  flags.filter = value_of(extras, "benchmark_filter").value_or("");
  const auto lists = value_of(extras, "benchmark_list_tests").value_or("false");
  check_choice(lists, "benchmark_list_tests", {"true", "false"});
  flags.lists_only = lists == "true" || std::ranges::find(extras, "--benchmark_list_tests") != extras.end();
  // Of a wrong value of these, Google Benchmark prints its usage and exits with 0.
  check_choice(flags.display_format, "benchmark_format", {"console", "json", "csv"});
  check_choice(flags.out_format, "benchmark_out_format", {"console", "json", "csv"});
  check_choice(value_of(extras, "benchmark_time_unit").value_or("ms"), "benchmark_time_unit",
               {"ns", "us", "ms", "s"});
  check_choice(value_of(extras, "benchmark_color").value_or("auto"), "benchmark_color",
               {"auto", "true", "false"});
  const auto repetitions = value_of(extras, "benchmark_repetitions");
  flags.repetitions = repetitions ? parse_repetitions(*repetitions) : (flags.smoke ? 1 : default_repetitions);

  // Ours come first, so that the user's win.
  flags.google_benchmark = {program, fmt::format("--benchmark_repetitions={}", flags.repetitions),
                            "--benchmark_enable_random_interleaving=true",
                            "--benchmark_counters_tabular=true"};
  flags.google_benchmark.insert(flags.google_benchmark.end(), extras.begin(), extras.end());
  // Google Benchmark empties its file at the start and never looks whether it could be written: ours is a
  // output_file, and it gets one that takes everything.
  if (!flags.out.empty()) flags.google_benchmark.push_back("--benchmark_out=/dev/null");
}

}  // namespace

bench_flags parse_flags(int argc, char** argv) {
  CLI::App app{"Which way of running N HTTP round trips in parallel costs the least time and memory?",
               "bench"};
  app.set_help_flag();  // ours prints examples first, and Google Benchmark's flags last
  app.allow_extras();

  bench_flags flags;
  flags.workload_name = "light";
  bool help = false;
  bool peers = false;
  std::vector<std::string> strategies;
  std::vector<std::size_t> workers;
  std::vector<std::size_t> loops;
  std::string latency;
  std::string seed = std::to_string(default_latency_seed);
  std::string sample_every = format_duration(flags.sample_every);
  std::vector<std::string> engines;
  std::size_t page_kb = 0;
  std::size_t days = 0;
  app.add_flag("-h,--help", help, "this text");
  app.add_option("--workload", flags.workload_name, workload_meanings())->type_name("NAME");
  app.add_option("--strategies", strategies,
                 fmt::format("any of {}; {} is the floor, none of the library's; or of the peers, {}",
                             fmt::join(every_strategy(), ","), floor_strategy,
                             fmt::join(client_names(client_kind::python), ",")))
      ->delimiter(',')
      ->type_name("A,B");
  app.add_flag("--peers", peers,
               "all the peers too: the Python comparison's own ways; ./dev installs their packages");
  app.add_option(
         "--workers", workers,
         fmt::format("most scrapes in flight, each 1 to {}; sequential and python_sync always have one",
                     most_workers))
      ->delimiter(',')
      ->check(CLI::Range(std::size_t{1}, most_workers).description(""))
      ->type_name("W,W");
  app.add_option(
         "--loops", loops,
         fmt::format("event loops, each on a thread of the client's, 1 to {}; for the strategies that "
                     "have them; default: 1",
                     most_loops))
      ->delimiter(',')
      ->check(CLI::Range(std::size_t{1}, most_loops).description(""))
      ->type_name("N,N");
  app.add_option("--latency", latency,
                 "the server's, of each response: 20ms, 1.5s, 250us, 0; or random: uniform:10ms-30ms, or "
                 "lognormal:20ms,p99=80ms by median and 99th percentile")
      ->type_name("TIME");
  app.add_option("--seed", seed,
                 fmt::format("of random latencies: the same seed, the same delays; default: {}", seed))
      ->type_name("N");
  app.add_option("--page-kb", page_kb,
                 fmt::format("size of a results page, {} to {} KiB", min_page_kb, max_page_kb))
      ->check(CLI::Range(min_page_kb, max_page_kb).description(""))
      ->type_name("KIB");
  app.add_option("--days", days, fmt::format("how many days to scrape, 1 to {}", most_days))
      ->check(CLI::Range(std::size_t{1}, most_days).description(""))
      ->type_name("N");
  app.add_option(
         "--engine", engines,
         fmt::format("HTTP server of the mock site: beast, or cpp-httplib for up to {} workers; default: {}",
                     max_httplib_connections, to_string(default_engine)))
      ->delimiter(',')
      ->type_name("A,B");
  app.add_option("--journal", flags.journal,
                 "where finished rows are appended; default: beside --benchmark_out, or beside the program")
      ->type_name("FILE");
  app.add_option(
         "--summary", flags.summary,
         "also write the summary as CSV: a row per case with its parameters, and the median, minimum and "
         "maximum of every column")
      ->type_name("FILE.csv");
  app.add_option("--timeline", flags.timeline,
                 "where each repetition's memory over time is written, as JSON; default: beside "
                 "--benchmark_out, for run.json in run.timeline.json; /dev/null: nowhere")
      ->type_name("FILE");
  app.add_option(
         "--sample-every", sample_every,
         fmt::format("how often a client's memory is looked at, {} to {}; default: {}",
                     format_duration(least_sample_every), format_duration(most_sample_every), sample_every))
      ->type_name("TIME");
  app.add_flag("--smoke", flags.smoke, "a tiny workload once, judged on correctness alone");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& fault) {
    throw flag_error{fault.what()};
  }
  if (help) {
    fmt::print("{}\n{}{}", examples, app.help(), footer());
    std::fflush(stdout);
    throw help_shown{};
  }

  const auto* const named = find_workload(flags.workload_name);
  if (!named) {
    throw flag_error{fmt::format("there is no workload '{}': choose {}", flags.workload_name,
                                 fmt::join(workload_names(), " or "))};
  }
  flags.what = named->what;
  flags.what.strategies = chosen_strategies(strategies, peers);
  if (flags.smoke) {
    flags.workload_name = "smoke";
    flags.what.workers = {1, 4};
    flags.what.points = {{1ms}};
    flags.what.days = 6;
  }
  if (!workers.empty()) flags.what.workers = without_repeats(workers);
  if (!loops.empty()) flags.what.loops = without_repeats(loops);
  if (app.count("--latency") > 0) {
    const auto parsed = parse_latency(latency);
    if (!parsed) throw flag_error{"--latency: " + parsed.error()};
    flags.what.points = {{*parsed}};
  }
  flags.what.seed = parse_seed(seed);
  flags.sample_every = parse_sample_every(sample_every);
  if (page_kb != 0) flags.what.page_kb = page_kb;
  if (days != 0) flags.what.days = days;
  if (!engines.empty()) {
    flags.what.engines.clear();
    for (const auto& name : without_repeats(engines)) flags.what.engines.push_back(parse_engine(name));
  }
  leave_out_one_worker(flags);
  check_engine(flags.what);
  check_latencies(flags.what);
  take_google_benchmark_flags(flags, app.remaining(), argv[0]);
  return flags;
}

namespace {

namespace fs = std::filesystem;

bool can_be_a_file(const fs::path& path) {
  std::error_code ignored;
  return !path.empty() && (!fs::exists(path, ignored) || fs::is_regular_file(path, ignored));
}

fs::path timeline_beside(fs::path out) {
  // Another ending may be what tells two results from each other: run.1, run.2.
  if (const auto ending = out.extension(); ending == ".json" || ending == ".csv" || ending == ".txt")
    out.replace_extension();
  return out += ".timeline.json";
}

/// A path as it can be compared; empty for what can be written to twice (a device).
fs::path identity(const fs::path& path) {
  if (!can_be_a_file(path)) return {};
  std::error_code ignored;
  return fs::weakly_canonical(fs::absolute(path, ignored), ignored);
}

void check_apart(const char* flag, const fs::path& path, const char* other_flag, const fs::path& other) {
  if (const auto one = identity(path); one.empty() || one != identity(other)) return;
  throw flag_error{
      fmt::format("{} {}: the {} is written there; choose another place", flag, path.string(), other_flag)};
}

}  // namespace

output_paths output_paths_of(const bench_flags& flags, const fs::path& programs) {
  output_paths paths;
  const bool has_neighbours = can_be_a_file(flags.out);
  if (!flags.journal.empty()) {
    paths.journal = flags.journal;
  } else if (!flags.smoke) {
    paths.journal = has_neighbours ? fs::path{flags.out + ".journal"} : programs / "bench.journal";
  }
  if (!flags.timeline.empty()) {
    paths.timeline = flags.timeline;
  } else if (has_neighbours) {
    paths.timeline = timeline_beside(flags.out);
  }
  if (paths.timeline) {
    check_apart("--timeline", *paths.timeline, "result", flags.out);
    if (paths.journal) check_apart("--timeline", *paths.timeline, "journal", *paths.journal);
  }
  if (!flags.summary.empty()) {
    check_apart("--summary", flags.summary, "result", flags.out);
    if (paths.journal) check_apart("--summary", flags.summary, "journal", *paths.journal);
    if (paths.timeline) check_apart("--summary", flags.summary, "timeline", *paths.timeline);
  }
  return paths;
}

}  // namespace farebench
