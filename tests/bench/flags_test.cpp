#include "bench/flags.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <optional>

#include "farebench/libcurl.hpp"
#include "farebench/strategy.hpp"

namespace farebench {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;

bench_flags parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "bench");
  std::vector<char*> argv;
  argv.reserve(arguments.size());
  for (auto& one : arguments) argv.push_back(one.data());
  return parse_flags(static_cast<int>(argv.size()), argv.data());
}

std::string complaint(const std::vector<std::string>& arguments) {
  try {
    parse(arguments);
  } catch (const flag_error& error) {
    return error.what();
  }
  return "";
}

/// Returns the latency of a workload with one point.
latency_model latency_of(const bench_flags& flags) {
  EXPECT_EQ(flags.what.points.size(), 1u);
  return flags.what.points.front().latency;
}

TEST(bench_flags, default_is_light_with_all_strategies) {
  const auto flags = parse({});
  EXPECT_EQ(latency_of(flags), 20ms);
  EXPECT_EQ(flags.what.page_kb, 3u);
  EXPECT_EQ(flags.what.items, 100u);
  EXPECT_THAT(flags.what.workers, ElementsAre(20, 100));
  ASSERT_EQ(flags.what.strategies.size(), libcurl_transport().strategies().size() + 1);
  EXPECT_EQ(flags.what.strategies.back(), "raw_epoll") << "the floor is the last row";
  EXPECT_THAT(flags.notes, IsEmpty());
  EXPECT_EQ(flags.repetitions, 5u);
}

TEST(bench_flags, change_a_named_workload) {
  const auto flags = parse({"--workload", "article", "--strategies", "multi_socket,sequential",
                            "--workers=1,7", "--latency", "1.5ms", "--page-kb=10", "--days", "12"});
  EXPECT_THAT(flags.what.strategies, ElementsAre("multi_socket", "sequential"));
  EXPECT_THAT(flags.what.workers, ElementsAre(1, 7));
  EXPECT_EQ(latency_of(flags), 1500us);
  EXPECT_EQ(flags.what.page_kb, 10u);
  EXPECT_EQ(flags.what.items, 12u);
  EXPECT_EQ(latency_of(parse({"--workload", "article"})), 145ms);
  EXPECT_EQ(parse({"--workload", "article"}).what.page_kb, 94u);
  EXPECT_EQ(latency_of(parse({"--latency", "0"})), 0ms);
}

TEST(bench_flags, random_latencies_have_a_seed) {
  const auto uniform = parse({"--latency", "uniform:10ms-30ms"});
  EXPECT_EQ(latency_of(uniform), latency_model::uniform(10ms, 30ms));
  EXPECT_EQ(uniform.what.seed, default_latency_seed);
  const auto lognormal = parse({"--workload=article", "--latency=lognormal:20ms,p99=80ms", "--seed=7"});
  EXPECT_EQ(latency_of(lognormal), latency_model::lognormal(20ms, 80ms));
  for (const auto& row : cases_of(lognormal.what)) EXPECT_EQ(row.seed, 7u);
  EXPECT_EQ(parse({"--seed", "18446744073709551615"}).what.seed, std::numeric_limits<std::uint64_t>::max());
}

TEST(bench_flags, check_has_no_run) {
  const auto one = parse({"--check-client", "sh -c 'exit 2'"});
  ASSERT_TRUE(one.check);
  EXPECT_EQ(one.check->clients.front()->arguments, (std::vector<std::string>{"-c", "exit 2"}));
  EXPECT_THAT(one.check->tasks, ElementsAre(task_kind::get, task_kind::scrape));
  const auto built = parse({"--check-clients", "go,rust", "--task", "get"});
  ASSERT_TRUE(built.check);
  EXPECT_THAT(built.check->names, ElementsAre("go", "rust"));
  EXPECT_THAT(built.check->tasks, ElementsAre(task_kind::get));
  EXPECT_FALSE(parse({}).check);
  EXPECT_EQ(complaint({"--check-client", "sh", "--workers", "3"}),
            "--workers has no effect with --check-client, which measures nothing; only --task has");
  EXPECT_THAT(complaint({"--check-clients", "go", "--benchmark_out=x"}), HasSubstr("no effect"));
  EXPECT_THAT(complaint({"--check-client", "/no/program"}), HasSubstr("not a program"));
  EXPECT_THAT(complaint({"--check-client", "sh", "--task", "fly"}), HasSubstr("choose scrape or get"));
}

TEST(bench_flags, set_sampling_and_timeline) {
  EXPECT_EQ(parse({}).sample_every, 2ms);
  EXPECT_EQ(parse({}).timeline, "");
  EXPECT_EQ(parse({"--sample-every", "500us"}).sample_every, 500us);
  EXPECT_EQ(parse({"--sample-every=1s"}).sample_every, 1s);
  EXPECT_EQ(parse({"--timeline", "x.json"}).timeline, "x.json");
}

TEST(bench_flags, duplicates_are_removed) {
  EXPECT_THAT(parse({"--workers", "7,7,20,7"}).what.workers, ElementsAre(7, 20));
  EXPECT_THAT(parse({"--strategies", "sequential,sequential"}).what.strategies, ElementsAre("sequential"));
}

TEST(bench_flags, outputs_of_google_benchmark_are_ours) {
  const auto flags = parse({"--benchmark_repetitions=3", "--benchmark_format=json", "--benchmark_out=x.csv",
                            "--benchmark_out_format=csv", "--benchmark_filter=multi",
                            "--benchmark_color=false", "--benchmark_counters_tabular=false",
                            "--benchmark_list_tests", "--benchmark_display_aggregates_only"});
  EXPECT_EQ(flags.repetitions, 3u);
  EXPECT_EQ(flags.display_format, output_format::json);
  EXPECT_EQ(flags.out, "x.csv");
  EXPECT_EQ(flags.out_format, output_format::csv);
  EXPECT_EQ(flags.color, false);
  EXPECT_FALSE(flags.tabular);
  EXPECT_TRUE(flags.lists_only);
  EXPECT_TRUE(flags.display_aggregates_only);
  EXPECT_THAT(
      flags.google_benchmark,
      ElementsAre("bench", "--benchmark_repetitions=3", "--benchmark_enable_random_interleaving=true",
                  "--benchmark_repetitions=3", "--benchmark_filter=multi", "--benchmark_list_tests=false",
                  "--benchmark_display_aggregates_only=false", "--benchmark_out="));
}

TEST(bench_flags, display_is_the_summary_unless_requested) {
  EXPECT_EQ(parse({}).display_format, std::nullopt);
  EXPECT_EQ(parse({"--benchmark_format=console"}).display_format, output_format::console);
  EXPECT_EQ(parse({"--verbose"}).display_format, output_format::console);
  EXPECT_EQ(parse({"--verbose", "--benchmark_format=json"}).display_format, output_format::json);
}

/// Sets an environment variable.
class set_variable {
 public:
  set_variable(const char* name, const char* value) : name_{name} { setenv(name, value, 1); }
  ~set_variable() { unsetenv(name_); }
  set_variable(const set_variable&) = delete;
  set_variable& operator=(const set_variable&) = delete;

 private:
  const char* name_;
};

TEST(bench_flags, table_has_order_and_format) {
  EXPECT_EQ(parse({}).table.order, std::nullopt);
  EXPECT_EQ(parse({}).table.format, table_format::text);
  const auto flags = parse({"--sort", "worker_memory", "--table=markdown"});
  EXPECT_EQ(flags.table.order, table_order::worker_memory);
  EXPECT_EQ(flags.table.format, table_format::markdown);
}

TEST(bench_flags, environment_has_google_benchmarks_flags) {
  const set_variable format{"BENCHMARK_FORMAT", "csv"};
  const set_variable out{"BENCHMARK_OUT", "x.json"};
  const set_variable repetitions{"BENCHMARK_REPETITIONS", "7"};
  EXPECT_EQ(parse({}).display_format, output_format::csv);
  EXPECT_EQ(parse({}).out, "x.json");
  EXPECT_EQ(parse({}).repetitions, 7u);
  EXPECT_EQ(parse({"--benchmark_format=json"}).display_format, output_format::json);
}

TEST(bench_flags, context_has_pairs_of_all_sources) {
  const set_variable context{"BENCHMARK_CONTEXT", "a=1,b=2"};
  EXPECT_THAT(
      parse({"--benchmark_context=b=x=y,c=", "--benchmark_context=d=4"}).context,
      ElementsAre(std::pair{"a", "1"}, std::pair{"b", "x=y"}, std::pair{"c", ""}, std::pair{"d", "4"}));
  for (const char* invalid : {"", "a", "=1", "a=1,,b=2", "a=1,"})
    EXPECT_THAT(complaint({fmt::format("--benchmark_context={}", invalid)}), HasSubstr("write key=value"));
}

TEST(bench_flags, changed_workload_is_custom) {
  const auto name = [](std::vector<std::string> arguments) {
    return parse(std::move(arguments)).workload_name;
  };
  EXPECT_EQ(name({}), "light");
  EXPECT_EQ(name({"--workload", "article", "--strategies", "fibers", "--loops", "2", "--seed", "3"}),
            "article");
  EXPECT_EQ(name({"--latency", "20ms", "--workers", "20,100", "--days", "100"}), "light")
      << "nothing changed";
  EXPECT_EQ(name({"--smoke", "--workers", "3"}), "smoke");
  for (const char* change :
       {"--latency=21ms", "--workers=20", "--days=99", "--page-kb=4", "--engine=cpp-httplib"})
    EXPECT_EQ(name({change}), "custom") << change;
}

TEST(bench_flags, more_workers_than_days_give_a_warning) {
  EXPECT_THAT(parse({"--workers", "10,50", "--days", "20"}).notes,
              ElementsAre("WARNING: of 50 workers only 20 have work, because there are 20 days"));
  EXPECT_THAT(parse({"--workers", "20", "--days", "20"}).notes, IsEmpty());
  EXPECT_THAT(parse({"--workers", "50", "--days", "20", "--strategies", "sequential"}).notes, IsEmpty());
}

TEST(bench_flags, lists_may_have_blanks) {
  EXPECT_THAT(parse({"--workers", "1, 10 ,100"}).what.workers, ElementsAre(1, 10, 100));
  EXPECT_THAT(parse({"--workers", "1,", "10"}).what.workers, ElementsAre(1, 10)) << "without quotes";
  EXPECT_THAT(parse({"--strategies", "fibers, sequential"}).what.strategies,
              ElementsAre("fibers", "sequential"));
  EXPECT_THAT(parse({"--engine", "beast, cpp-httplib"}).what.engines,
              ElementsAre(engine_kind::beast, engine_kind::cpp_httplib));
  EXPECT_EQ(latency_of(parse({"--latency", "lognormal:20ms, p99=80ms"})),
            latency_model::lognormal(20ms, 80ms));
  EXPECT_THAT(parse({"--benchmark_context=a=1, b=2"}).context,
              ElementsAre(std::pair{"a", "1"}, std::pair{"b", "2"}));
}

TEST(bench_flags, page_size_may_have_a_unit) {
  for (const char* size : {"20", "20K", "20KB", "20kB", "20KiB", "20 KiB"})
    EXPECT_EQ(parse({"--page-kb", size}).what.page_kb, 20u) << size;
  EXPECT_EQ(parse({"--page-kb=2MiB"}).what.page_kb, 2048u);
  for (const char* size : {"20B", "1.5KB", "0", "5MiB", "-3", ""})
    EXPECT_THAT(complaint({"--page-kb", size}), HasSubstr("from 2 to 4096 KiB")) << size;
}

TEST(bench_flags, misspelled_names_are_guessed) {
  EXPECT_THAT(complaint({"--wrokers", "3"}), testing::EndsWith("; did you mean --workers?"));
  EXPECT_THAT(complaint({"--worker=3"}), testing::EndsWith("; did you mean --workers?"));
  EXPECT_THAT(complaint({"--benchmark_list_test"}), testing::EndsWith("--benchmark_list_tests?"));
  EXPECT_THAT(complaint({"--strategies", "corutines"}), testing::EndsWith("; did you mean coroutines?"));
  EXPECT_THAT(complaint({"--workload", "ligth"}), testing::EndsWith("; did you mean light?"));
  EXPECT_THAT(
      complaint({"--sort", "memroy"}),
      testing::EndsWith("choose time or cpu or memory or worker_memory or name; did you mean memory?"));
  EXPECT_THAT(complaint({"--table", "markdwon"}),
              testing::EndsWith("choose text or markdown; did you mean markdown?"));
  EXPECT_THAT(complaint({"--engine", "httplib"}), Not(HasSubstr("did you mean beast")));
  EXPECT_THAT(complaint({"--gibberish"}), Not(HasSubstr("did you mean")));
}

TEST(bench_flags, invalid_values_are_named_in_one_line) {
  EXPECT_THAT(complaint({"--strategies", "multi_socket,pigeon"}), HasSubstr("'pigeon'"));
  EXPECT_THAT(complaint({"--latency", "20"}), HasSubstr("no unit"));
  EXPECT_THAT(complaint({"--latency", "11s"}), HasSubstr("at most 10s"));
  EXPECT_THAT(complaint({"--latency", "fast"}), HasSubstr("'fast'"));
  EXPECT_THAT(complaint({"--latency", "uniform:30ms-10ms"}), HasSubstr("ends before it starts"));
  EXPECT_THAT(complaint({"--latency", "uniform:1s-11s"}), HasSubstr("at most 10s"));
  EXPECT_THAT(complaint({"--latency", "lognormal:20ms"}), HasSubstr("lognormal:20ms,p99=80ms"));
  EXPECT_THAT(complaint({"--latency", "lognormal:1ms,p99=10s"}), HasSubstr("with --seed 0 draws"));
  EXPECT_THAT(complaint({"--latency", "gamma:3ms"}), HasSubstr("'gamma'"));
  EXPECT_THAT(complaint({"--seed", "-1"}), HasSubstr("--seed -1: write a whole number"));
  EXPECT_THAT(complaint({"--seed", "18446744073709551616"}), HasSubstr("to 18446744073709551615"));
  EXPECT_THAT(complaint({"--seed", "dice"}), HasSubstr("dice"));
  EXPECT_THAT(complaint({"--sample-every", "2"}), HasSubstr("no unit"));
  EXPECT_THAT(complaint({"--sample-every", "499us"}), HasSubstr("--sample-every 499us: choose from 500us"));
  EXPECT_THAT(complaint({"--sample-every", "0"}), HasSubstr("to 1s"));
  EXPECT_THAT(complaint({"--sample-every", "1001ms"}), HasSubstr("to 1s"));
  EXPECT_THAT(complaint({"--sample-every", "often"}), HasSubstr("'often'"));
  EXPECT_THAT(complaint({"--workload", "heavy"}), HasSubstr("light or article or scale"));
  EXPECT_THAT(complaint({"--workers", "0"}), HasSubstr("--workers"));
  EXPECT_THAT(complaint({"--workers", "10001"}), HasSubstr("10000"));
  EXPECT_THAT(complaint({"--workers", "257", "--engine", "cpp-httplib"}), HasSubstr("at most 256"));
  EXPECT_THAT(complaint({"--workload", "scale", "--engine", "cpp-httplib"}), HasSubstr("--workers 1000"));
  EXPECT_THAT(complaint({"--workload", "scale", "--strategies", "sequential"}),
              HasSubstr("left out of scale"));
  EXPECT_THAT(complaint({"--engine", "steam"}), HasSubstr("cpp-httplib or beast"));
  EXPECT_THAT(complaint({"--workers", "many"}), HasSubstr("many"));
  EXPECT_THAT(complaint({"--sort", ""}), HasSubstr("--sort '': choose time"));
  EXPECT_THAT(complaint({"--table", "html"}), HasSubstr("--table 'html': choose text or markdown"));
  EXPECT_THAT(complaint({"--loops", "0"}), HasSubstr("--loops"));
  EXPECT_THAT(complaint({"--loops", "65"}), HasSubstr("64"));
  EXPECT_THAT(complaint({"--page-kb", "1"}), HasSubstr("--page-kb"));
  EXPECT_THAT(complaint({"--days", "0"}), HasSubstr("--days"));
  EXPECT_THAT(complaint({"--days", "-3"}), HasSubstr("--days"));
  EXPECT_THAT(complaint({"--sart"}), HasSubstr("--sart"));
  EXPECT_THAT(complaint({"stray"}), HasSubstr("stray"));
  EXPECT_THAT(complaint({"--benchmark_format=xml"}), HasSubstr("xml"));
  EXPECT_THAT(complaint({"--benchmark_out_format=xml"}), HasSubstr("xml"));
  EXPECT_THAT(complaint({"--benchmark_repetitions=none"}), HasSubstr("none"));
  EXPECT_THAT(complaint({"--benchmark_min_time=2"}), HasSubstr("one client process"));
  EXPECT_THAT(complaint({"--benchmark_out"}), HasSubstr("--benchmark_out"));
  EXPECT_THAT(complaint({"--benchmark_report_aggregates_only=maybe"}), HasSubstr("choose true or false"));
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"--latency", "20"}, {"--workers", "0"}, {"--page-kb", "1"}}) {
    EXPECT_EQ(complaint(arguments).find('\n'), std::string::npos) << complaint(arguments);
  }
}

TEST(bench_flags, scale_has_two_points_with_a_day_per_worker) {
  const auto flags = parse({"--workload", "scale"});
  EXPECT_THAT(flags.what.workers, ElementsAre(100, 1000, 10000));
  EXPECT_THAT(flags.what.strategies, Not(Contains("sequential")));
  ASSERT_EQ(flags.notes.size(), 1u);
  EXPECT_THAT(flags.notes.front(), HasSubstr("sequential left out of scale"));
  std::size_t holds = 0;
  for (const auto& row : cases_of(flags.what)) {
    EXPECT_EQ(row.items, row.workers);
    EXPECT_EQ(row.page_kb, 3u);
    EXPECT_EQ(row.engine, engine_kind::beast);
    EXPECT_EQ(row.latency, row.kind == point_kind::hold ? 1000ms : 50ms);
    EXPECT_NE(row.kind, point_kind::plain);
    holds += row.kind == point_kind::hold;
  }
  EXPECT_EQ(2 * holds, cases_of(flags.what).size());
}

TEST(bench_flags, client_adds_rows) {
  const auto flags = parse({"--client", "one=sh -c x", "--client=two=sh", "--strategies", "coroutines"});
  ASSERT_EQ(flags.what.programs.size(), 2u);
  EXPECT_EQ(flags.what.programs[0]->info.name, "client:one");
  EXPECT_EQ(flags.what.programs[1]->info.name, "client:two");
  EXPECT_EQ(cases_of(flags.what).size(), 6u);
  EXPECT_EQ(parse({"--client", "one=sh", "--strategies", "none"}).what.strategies.size(), 0u);
}

TEST(bench_flags, invalid_client_is_refused) {
  EXPECT_THAT(complaint({"--client", "sh"}), HasSubstr("--client: 'sh': write NAME=COMMAND"));
  EXPECT_THAT(complaint({"--client", "x=no-such-program"}), HasSubstr("no program 'no-such-program'"));
  EXPECT_THAT(complaint({"--client", "x=sh", "--client", "x=sh -x"}),
              HasSubstr("two clients are named client:x"));
  EXPECT_THAT(complaint({"--strategies", "none"}), HasSubstr("no client is left"));
  EXPECT_THAT(complaint({"--strategies", "python_pigeon"}), HasSubstr("--clients has other languages"));
}

TEST(bench_flags, strategies_run_on_chosen_transports) {
  const auto strategies = [](std::vector<std::string> arguments) {
    return parse(std::move(arguments)).what.strategies;
  };
  EXPECT_THAT(strategies({"--transport", "native"}),
              ElementsAre("sequential/native", "thread_pool/native", "fibers/native", "coroutines/native",
                          "callbacks/native", "raw_epoll"));
  EXPECT_EQ(strategies({"--transport", "libcurl"}), strategies({}));
  EXPECT_EQ(strategies({"--transport", "libcurl, native"}).size(),
            strategies({}).size() + strategies({"--transport=native"}).size() - 1)
      << "one floor";
  EXPECT_THAT(
      strategies({"--transport=libcurl,native", "--strategies=fibers,multi_poll,callbacks,raw_epoll"}),
      ElementsAre("fibers", "fibers/native", "multi_poll", "callbacks/native", "raw_epoll"));
  EXPECT_THAT(strategies({"--transport", "native,native", "--strategies", "fibers"}),
              ElementsAre("fibers/native"));
  EXPECT_EQ(parse({"--transport", "native"}).workload_name, "light");
}

TEST(bench_flags, strategies_may_be_named_as_in_tables) {
  EXPECT_THAT(parse({"--strategies", "coroutines/native,coroutines"}).what.strategies,
              ElementsAre("coroutines/native", "coroutines"));
  EXPECT_THAT(
      parse({"--transport=native", "--strategies=fibers/libcurl,fibers,fibers/native"}).what.strategies,
      ElementsAre("fibers", "fibers/native"));
}

TEST(bench_flags, smoke_is_of_all_transports) {
  EXPECT_THAT(parse({"--smoke"}).what.strategies, Contains("callbacks/native"));
  EXPECT_THAT(parse({"--smoke"}).what.strategies, Contains("multi_poll"));
  EXPECT_THAT(parse({"--smoke", "--transport", "libcurl"}).what.strategies,
              Not(Contains("callbacks/native")));
  EXPECT_THAT(parse({"--smoke", "--strategies", "fibers"}).what.strategies, ElementsAre("fibers"));
}

TEST(bench_flags, strategy_of_other_transport_is_refused) {
  EXPECT_EQ(
      complaint({"--strategies", "callbacks"}),
      "strategy 'callbacks' is on native only: choose from sequential, thread_pool, fibers, coroutines, "
      "multi_socket, multi_poll, raw_epoll, or add native to --transport");
  EXPECT_THAT(complaint({"--transport", "native", "--strategies", "multi_socket"}),
              HasSubstr("'multi_socket' is on libcurl only: choose from sequential, thread_pool, fibers, "
                        "coroutines, callbacks, raw_epoll, or"));
  EXPECT_EQ(complaint({"--transport", "nativ"}),
            "--transport 'nativ': choose libcurl or native; did you mean native?");
  EXPECT_THAT(complaint({"--strategies", "coroutines/natve"}),
              testing::EndsWith("; did you mean coroutines/native?"));
  for (const char* name :
       {"multi_socket/native", "raw_epoll/native", "callbacks/libcurl", "/native", "native"})
    EXPECT_THAT(complaint({"--transport=libcurl,native", "--strategies", name}),
                HasSubstr(fmt::format("unknown strategy '{}': choose from", name)));
  EXPECT_THAT(complaint({"--check-client", "sh", "--transport", "native"}), HasSubstr("no effect"));
}

TEST(bench_flags, scale_leaves_out_one_worker_of_each_transport) {
  const auto flags = parse({"--workload", "scale", "--transport", "libcurl,native"});
  ASSERT_EQ(flags.notes.size(), 1u);
  EXPECT_THAT(flags.notes.front(), HasSubstr("sequential and sequential/native left out of scale"));
}

TEST(bench_flags, names_of_built_clients_are_kept) {
  EXPECT_THAT(parse({"--clients", "go, rust"}).clients, ElementsAre("go", "rust"));
  auto flags = parse({"--clients", "go"});
  EXPECT_THROW(add_clients(flags, "/no/such/folder"), flag_error);
}

TEST(bench_flags, task_get_has_workload) {
  const auto flags = parse({"--workload", "get"});
  EXPECT_THAT(flags.what.tasks, ElementsAre(task_kind::get));
  EXPECT_EQ(flags.workload_name, "get");
  EXPECT_EQ(parse({"--task", "get"}).workload_name, "custom");
  EXPECT_THAT(parse({"--task", "get"}).what.tasks, ElementsAre(task_kind::get));
  EXPECT_EQ(cases_of(parse({"--task", "scrape,get", "--strategies", "fibers"}).what).size(), 4u);
  EXPECT_THAT(complaint({"--task", "gte"}), HasSubstr("choose scrape or get; did you mean get?"));
}

TEST(bench_flags, items_and_days_are_one_flag) {
  EXPECT_EQ(parse({"--items", "7", "--workers", "7"}).what.items, 7u);
  EXPECT_EQ(parse({"--days", "7", "--workers", "7"}).what.items, 7u);
  EXPECT_EQ(parse({"--task", "get", "--items", "1000000"}).what.items, 1'000'000u);
  EXPECT_THAT(complaint({"--items", "26970"}), HasSubstr("at most 26969 days; use --task get for more"));
  EXPECT_THAT(complaint({"--warm-up", "26970"}), HasSubstr("--warm-up 26970: the task scrape has at most"));
}

TEST(bench_flags, connections_are_part_of_names) {
  const auto flags = parse({"--connections", "kept,fresh", "--strategies", "fibers", "--workers", "20"});
  const auto cases = cases_of(flags.what);
  ASSERT_EQ(cases.size(), 2u);
  EXPECT_EQ(cases[0].name(),
            "fetch/strategy:fibers/workers:20/latency_ms:20/page_kb:3/days:100/engine:beast");
  EXPECT_EQ(
      cases[1].name(),
      "fetch/strategy:fibers/workers:20/latency_ms:20/page_kb:3/days:100/connections:fresh/engine:beast");
  EXPECT_THAT(complaint({"--connections", "new"}), HasSubstr("choose kept or fresh"));
  EXPECT_THAT(complaint({"--task", "get", "--connections", "fresh", "--items", "28001"}),
              HasSubstr("use at most 28000 items"));
}

TEST(bench_flags, warm_up_is_part_of_name) {
  const auto flags = parse({"--warm-up", "50", "--strategies", "fibers", "--workers", "20"});
  EXPECT_EQ(cases_of(flags.what).front().name(),
            "fetch/strategy:fibers/workers:20/latency_ms:20/page_kb:3/days:100/warm_up:50/engine:beast");
  EXPECT_EQ(flags.workload_name, "custom");
}

TEST(bench_flags, server_elsewhere_has_its_own_settings) {
  auto flags = parse({"--server", "http://10.0.0.1:8080/", "--workers", "10"});
  EXPECT_THAT(flags.servers, ElementsAre("http://10.0.0.1:8080"));
  server_stats settings;
  settings.engine = "beast";
  settings.latency = "7ms";
  settings.page_kb = 11;
  apply_servers(flags, {&settings, 1});
  EXPECT_EQ(latency_of(flags), 7ms);
  EXPECT_EQ(flags.what.page_kb, 11u);
  settings.faults = "no_response";
  EXPECT_THROW(apply_servers(flags, {&settings, 1}), flag_error);
  settings.faults = "";
  settings.latency = "11s";
  EXPECT_THROW(apply_servers(flags, {&settings, 1}), flag_error);
  for (const char* flag : {"--latency=1ms", "--page-kb=3", "--engine=beast", "--seed=1"}) {
    EXPECT_THAT(complaint({"--server", "http://10.0.0.1:8080", flag}),
                HasSubstr("has no effect with --server"));
  }
  for (const char* url : {"10.0.0.1:80", "https://10.0.0.1", "http://", "http://a/b", "http://a?b", ""})
    EXPECT_THAT(complaint({"--server", url}), HasSubstr("write http://HOST:PORT")) << url;
}

TEST(bench_flags, shard_is_checked) {
  EXPECT_EQ(parse({}).part, std::nullopt);
  EXPECT_EQ(parse({"--shard", "2/4"}).part, (shard{2, 4}));
  EXPECT_EQ(complaint({"--shard", "5/4"}),
            "--shard: '5/4' is invalid: write i/n with i from 1 to n and n up to 10000, auto, or auto/n");
}

TEST(bench_flags, shards_take_turns_with_servers) {
  const auto* const servers = "http://a:1/,http://b:2";
  const auto server_of_shard = [&](const char* part) {
    return server_of(parse({"--server", servers, "--shard", part}));
  };
  EXPECT_EQ(server_of_shard("1/4"), "http://a:1");
  EXPECT_EQ(server_of_shard("2/4"), "http://b:2");
  EXPECT_EQ(server_of_shard("3/4"), "http://a:1");
  EXPECT_EQ(server_of(parse({"--server", "http://a:1"})), "http://a:1");
  EXPECT_THAT(complaint({"--server", servers}), HasSubstr("add --shard I/N"));
  EXPECT_THAT(complaint({"--server", "http://a:1,b:2", "--shard", "1/2"}), HasSubstr("'b:2'"));
}

TEST(bench_flags, servers_of_shards_must_have_same_settings) {
  auto flags = parse({"--server", "http://a:1,http://b:2", "--shard", "1/2"});
  const server_stats first{.engine = "beast", .latency = "7ms", .page_kb = 11, .requests = 3};
  auto second = first;
  second.requests = 0;
  second.network = "other";
  apply_servers(flags, std::array{first, second});
  EXPECT_EQ(latency_of(flags), 7ms);
  for (const auto change :
       {+[](server_stats& stats) { stats.engine = "cpp-httplib"; },
        +[](server_stats& stats) { stats.latency = "8ms"; }, +[](server_stats& stats) { stats.seed = 1; },
        +[](server_stats& stats) { stats.page_kb = 12; }}) {
    auto other = second;
    change(other);
    EXPECT_THAT(
        [&] { apply_servers(flags, std::array{first, other}); },
        testing::Throws<flag_error>(testing::Property(
            &flag_error::what, testing::AllOf(HasSubstr("http://a:1"), HasSubstr("http://b:2 has")))));
  }
  second.faults = "refuse:1%";
  EXPECT_THROW(apply_servers(flags, std::array{first, second}), flag_error);
}

TEST(bench_flags, scale_leaves_out_clients_with_one_worker) {
  const auto flags = parse({"--workload", "scale"});
  EXPECT_THAT(flags.what.strategies, Contains("thread_pool"));
  EXPECT_THAT(flags.what.strategies, Not(Contains("sequential")));
  EXPECT_THAT(flags.notes, ElementsAre(HasSubstr("sequential left out of scale")));
}

TEST(bench_flags, days_keep_one_worker_in_scale) {
  const auto flags = parse({"--workload", "scale", "--latency", "5ms", "--workers", "300", "--days", "900",
                            "--strategies", "sequential,raw_epoll"});
  EXPECT_EQ(latency_of(flags), 5ms);
  EXPECT_THAT(flags.notes, IsEmpty()) << "days of their own are as many for one worker";
  ASSERT_EQ(cases_of(flags.what).size(), 2u);
  EXPECT_EQ(cases_of(flags.what).front().kind, point_kind::plain);
}

TEST(bench_flags, default_engine_is_beast) {
  const auto engines = [](const std::vector<std::string>& arguments) {
    std::vector<engine_kind> found;
    for (const auto& row : cases_of(parse(arguments).what)) found.push_back(row.engine);
    return found;
  };
  using enum engine_kind;
  EXPECT_THAT(engines({"--strategies", "raw_epoll", "--workers", "100", "--engine", "cpp-httplib,beast"}),
              ElementsAre(cpp_httplib, beast));
  EXPECT_THAT(engines({"--strategies", "raw_epoll", "--workers", "1,256,257"}),
              ElementsAre(beast, beast, beast));
  EXPECT_THAT(engines({"--strategies", "raw_epoll", "--workers", "1,7", "--engine", "beast"}),
              ElementsAre(beast, beast));
  EXPECT_THAT(engines({"--strategies", "raw_epoll", "--workers", "1,256", "--engine", "cpp-httplib"}),
              ElementsAre(cpp_httplib, cpp_httplib));
  EXPECT_THAT(engines({"--strategies", "raw_epoll", "--workload", "scale", "--workers", "100", "--engine",
                       "cpp-httplib"}),
              ElementsAre(cpp_httplib, cpp_httplib));
}

TEST(cases, name_has_the_engine_unless_cpp_httplib) {
  benchmark_case row{.strategy = "raw_epoll",
                     .workers = 7,
                     .latency = 1500us,
                     .page_kb = 3,
                     .items = 9,
                     .engine = engine_kind::cpp_httplib};
  EXPECT_EQ(row.point(), "workers:7/latency_ms:1.5/page_kb:3/days:9");
  row.engine = engine_kind::beast;
  EXPECT_EQ(row.name(), "fetch/strategy:raw_epoll/workers:7/latency_ms:1.5/page_kb:3/days:9/engine:beast");
}

TEST(cases, name_has_random_latency_and_seed) {
  benchmark_case row{.strategy = "raw_epoll",
                     .workers = 7,
                     .latency = latency_model::uniform(250us, 30ms),
                     .page_kb = 3,
                     .items = 9};
  EXPECT_EQ(row.point(), "workers:7/latency_ms:uniform_0.25-30/seed:0/page_kb:3/days:9/engine:beast");
  row.latency = latency_model::lognormal(20ms, 80ms);
  row.seed = 7;
  EXPECT_EQ(row.point(), "workers:7/latency_ms:lognormal_20_p99_80/seed:7/page_kb:3/days:9/engine:beast");
  row.latency = 20ms;
  EXPECT_EQ(row.point(), "workers:7/latency_ms:20/page_kb:3/days:9/engine:beast")
      << "a fixed one has no use for a seed";
}

TEST(cases, loops_are_for_strategies_with_loops) {
  std::vector<std::string> names;
  std::vector<std::string> labels;
  for (const auto& row : cases_of(parse({"--strategies", "sequential,thread_pool,coroutines,raw_epoll",
                                         "--workers", "20", "--loops", "1,2,1"})
                                      .what)) {
    names.push_back(row.name());
    labels.push_back(row.label());
  }
  EXPECT_THAT(
      names, ElementsAre(
                 "fetch/strategy:sequential/workers:1/latency_ms:20/page_kb:3/days:100/engine:beast",
                 "fetch/strategy:thread_pool/workers:20/latency_ms:20/page_kb:3/days:100/engine:beast",
                 "fetch/strategy:coroutines/workers:20/latency_ms:20/page_kb:3/days:100/engine:beast",
                 "fetch/strategy:coroutines/loops:2/workers:20/latency_ms:20/page_kb:3/days:100/engine:beast",
                 "fetch/strategy:raw_epoll/workers:20/latency_ms:20/page_kb:3/days:100/engine:beast"));
  EXPECT_THAT(labels,
              ElementsAre("sequential", "thread_pool", "coroutines", "coroutines, 2 loops", "raw_epoll"));
}

TEST(cases, combine_strategies_and_worker_counts) {
  std::vector<std::string> names;
  for (const auto& row : cases_of({{"sequential", "thread_pool"}, {20, 100}, {{20ms}}, 3, 100}))
    names.push_back(row.name());
  EXPECT_THAT(
      names,
      ElementsAre("fetch/strategy:sequential/workers:1/latency_ms:20/page_kb:3/days:100/engine:beast",
                  "fetch/strategy:thread_pool/workers:20/latency_ms:20/page_kb:3/days:100/engine:beast",
                  "fetch/strategy:thread_pool/workers:100/latency_ms:20/page_kb:3/days:100/engine:beast"));
}

bench_flags with_output(std::string out) {
  bench_flags flags;
  flags.out = std::move(out);
  return flags;
}

fs::path timeline_of(const std::string& out) {
  return output_paths_of(with_output(out), "/programs").timeline.value_or("");
}

std::string path_complaint(const bench_flags& flags) {
  try {
    output_paths_of(flags, "/programs");
  } catch (const flag_error& error) {
    return error.what();
  }
  return "";
}

TEST(output_paths, are_beside_the_result) {
  const auto paths = output_paths_of(with_output("/no/such/run.json"), "/programs");
  EXPECT_THAT(paths.journal, Optional(fs::path{"/no/such/run.json.journal"}));
  EXPECT_THAT(paths.timeline, Optional(fs::path{"/no/such/run.timeline.json"}));
  EXPECT_EQ(timeline_of("run.csv"), "run.timeline.json");
  EXPECT_EQ(timeline_of("run"), "run.timeline.json");
  EXPECT_EQ(timeline_of("run.1"), "run.1.timeline.json") << "run.2 is another result";
}

TEST(output_paths, without_result_is_a_journal_beside_programs) {
  const auto paths = output_paths_of({}, "/programs");
  EXPECT_THAT(paths.journal, Optional(fs::path{"/programs/bench.journal"}));
  EXPECT_EQ(paths.timeline, std::nullopt);
  for (const char* device : {"/dev/null", "/dev/stdout"}) EXPECT_EQ(timeline_of(device), "") << device;
}

TEST(output_paths, without_folder_the_journal_needs_a_flag) {
  try {
    output_paths_of({}, std::nullopt);
    ADD_FAILURE();
  } catch (const flag_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("--journal"));
  }
  auto flags = with_output("run.json");
  EXPECT_THAT(output_paths_of(flags, std::nullopt).journal, Optional(fs::path{"run.json.journal"}));
  flags = {};
  flags.smoke = true;
  EXPECT_EQ(output_paths_of(flags, std::nullopt).journal, std::nullopt);
}

TEST(output_paths, flags_win) {
  auto flags = with_output("run.json");
  flags.journal = "rows";
  flags.timeline = "curves";
  const auto paths = output_paths_of(flags, "/programs");
  EXPECT_THAT(paths.journal, Optional(fs::path{"rows"}));
  EXPECT_THAT(paths.timeline, Optional(fs::path{"curves"}));
}

TEST(output_paths, smoke_run_has_no_journal_by_default) {
  auto flags = with_output("run.json");
  flags.smoke = true;
  EXPECT_EQ(output_paths_of(flags, "/programs").journal, std::nullopt);
  EXPECT_THAT(output_paths_of(flags, "/programs").timeline, Optional(fs::path{"run.timeline.json"}));
  flags.journal = "rows";
  EXPECT_THAT(output_paths_of(flags, "/programs").journal, Optional(fs::path{"rows"}));
}

TEST(output_paths, two_outputs_in_one_file_are_an_error) {
  auto flags = with_output("run.json");
  flags.timeline = "./run.json";
  EXPECT_THAT(path_complaint(flags), HasSubstr("the result is written there"));
  flags.timeline.clear();
  flags.journal = fs::absolute("run.timeline.json");
  EXPECT_THAT(path_complaint(flags), HasSubstr("the journal is written there"));
  flags.timeline.clear();
  flags.journal = "run.json";
  EXPECT_THAT(path_complaint(flags), HasSubstr("--journal run.json: the result is written there"));
  flags.journal = "x";
  flags.summary = "run.json";
  EXPECT_THAT(path_complaint(flags), HasSubstr("--summary run.json: the result is written there"));
  flags.summary.clear();
  flags.journal = flags.timeline = "/dev/null";
  EXPECT_EQ(path_complaint(flags), "") << "a device";
}

}  // namespace
}  // namespace farebench
