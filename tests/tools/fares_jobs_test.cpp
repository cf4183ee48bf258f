// Jobs of fares: many routes, in shards.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/system/child_process.hpp"
#include "tests/support/run_command.hpp"
#include "tests/support/stub_server.hpp"
#include "tests/support/waiting.hpp"
#include "tools/fares/fares.hpp"
#include "tools/fares/shards.hpp"

namespace farebench {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// Returns the text of the std::invalid_argument that `call` throws, or an empty text.
std::string refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return {};
}

TEST(fares_routes, comments_blanks_and_header_are_ignored) {
  const std::vector<route> routes{{"ID1", "ID2"}, {"ID2", "ID1"}, {"from", "to"}};
  EXPECT_EQ(parse_routes("ID1,ID2\nID2,ID1\nfrom,to", "f"), routes);
  EXPECT_EQ(parse_routes("\xef\xbb\xbf"
                         "from,to\r\nID1,ID2\r\n# a, b, c\r\n\r\n \t ID2 ,\tID1 # back\r\nfrom,to\r\n",
                         "f"),
            routes);
}

TEST(fares_routes, invalid_line_is_named) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "f: no routes"},
      {"\n# a,b\nfrom,to\n", "f: no routes"},
      {"a,b\nc", "f, line 2: 'c' is no route"},
      {"a,b,c", "f, line 1: 'a,b,c' is no route"},
      {"\"a\",\"b\"", "f, line 1: '\"a\",\"b\"' is no route: write FROM,TO without quotes"},
      {"a,", "f, line 1: the station ID must not be empty"},
      {",b", "f, line 1: the station ID must not be empty"},
      {"a,\x1b[2J", "f, line 1: '\\x1b[2J' is no station ID"},
      {"\xff,b", "f, line 1: '\\xff' is no station ID"},
      {"a,b\n\nb,a\n a , b", "f, line 4: a,b is already in line 1"}};
  for (const auto& [text, error] : cases)
    EXPECT_THAT(refusal_of([&] { parse_routes(text, "f"); }), StartsWith(error)) << text;
}

TEST(fares_routes, limit_is_a_million) {
  std::string text;
  for (std::size_t i = 0; i < max_routes; ++i) fmt::format_to(std::back_inserter(text), "{},0\n", i);
  text += "a,b";
  EXPECT_THAT(refusal_of([&] { parse_routes(text, "f"); }), HasSubstr("line 1000001: more than 1000000"));
}

/// A folder for the files of a job.
class fares_job_files : public testing::Test {
 protected:
  fares_job_files() {
    std::string pattern = std::filesystem::temp_directory_path() / "farebench-job-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~fares_job_files() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream{path(name)} << text; }
  /// Runs bin/fares, with arguments in shell syntax, in the folder.
  test::finished_command run(const std::string& arguments) const {
    return test::run_command(
        fmt::format("cd {} && {}/fares {}", folder_.string(), FAREBENCH_BIN_DIR, arguments));
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(fares_job_files, queries_are_in_order_of_route_and_date) {
  write("routes.csv", "ID2,ID1\nID1,ID2\nID3,ID1\n");
  for (const char* input : {"routes.csv", "- <routes.csv"}) {
    const auto job = run(fmt::format("--first-date 2026-03-01 --days 3 --format json --routes {}", input));
    EXPECT_EQ(job.exit_code, 0) << job.errors;
    EXPECT_THAT(job.errors, HasSubstr("fares: 9 queries, "));
    const auto queries = nlohmann::json::parse(job.output);
    ASSERT_EQ(queries.size(), 9u);
    const std::pair<const char*, const char*> stations[] = {{"ID2", "ID1"}, {"ID1", "ID2"}, {"ID3", "ID1"}};
    for (std::size_t i = 0; i < 9; ++i) {
      EXPECT_EQ(queries[i]["from"], stations[i / 3].first);
      EXPECT_EQ(queries[i]["to"], stations[i / 3].second);
      EXPECT_EQ(queries[i]["date"], fmt::format("2026-03-0{}", i % 3 + 1));
    }
  }
}

TEST_F(fares_job_files, rows_of_route_equal_those_of_its_own_run) {
  // The site refuses the second route, which so has no rows.
  write("routes.csv", "ID1,ID2\n-3,ID4\n");
  const std::string days = " --first-date 2026-03-01 --days 2 ";
  for (const std::string format : {"csv", "table"}) {
    const auto alone = run(fmt::format("--from ID1 --to ID2 --format {}{}", format, days)).output;
    auto rows = run(fmt::format("--routes routes.csv --format {}{}", format, days)).output;
    const std::string stations[] = {format == "csv" ? "from,to," : "from        to          ",
                                    format == "csv" ? "ID1,ID2," : "ID1         ID2         "};
    for (std::size_t line = 0; line < rows.size();) {
      const auto& expected = stations[line > 0];
      ASSERT_EQ(rows.substr(line, expected.size()), expected);
      rows.erase(line, expected.size());
      line = rows.find('\n', line) + 1;
    }
    EXPECT_EQ(rows, alone);
  }
}

TEST_F(fares_job_files, failed_query_names_its_route) {
  write("routes.csv", "ID1,ID2\nID3,ID4\n");
  const auto failed = run(fmt::format("--routes routes.csv --first-date 2026-03-01 --days 2 --url {}",
                                      test::url_of_closed_port()));
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.errors, HasSubstr("fares: ID3 to ID4, 2026-03-01: connect_failed"));
  EXPECT_THAT(failed.errors, HasSubstr("fares: 0 of 4 queries, "));
}

TEST_F(fares_job_files, invalid_routes_give_one_line_and_exit_2) {
  write("routes.csv", "ID1,ID2\n");
  write("twice.csv", "ID1,ID2\nID1,ID2\n");
  std::string many;
  for (int i = 0; i < 300; ++i) many += fmt::format("ID{},ID1\n", i);
  write("many.csv", many);
  const std::pair<const char*, const char*> cases[] = {
      {"--routes no/such", "--routes: read no/such: No such file"},
      {"--routes .", "--routes: read .: Is a directory"},
      {"--routes ''", "--routes: the file's name must not be empty"},
      {"--routes - </dev/null", "standard input: no routes"},
      {"--routes routes.csv --from ID1", "--routes: excludes --from and --to"},
      {"--routes twice.csv", "twice.csv, line 2: ID1,ID2 is already in line 1"},
      {"--routes many.csv --first-date 2000-01-01 --days 36500",
       "300 routes on 36500 days are 10950000 queries; the limit is 10000000"},
      {"--days 1", "--from or --routes is required"},
      {"--from ID1", "--to is required"},
      {"--from 'a\x1b' --to ID1", "--from: 'a\\x1b' is no station ID"}};
  for (const auto& [arguments, error] : cases) {
    const auto refused = run(arguments);
    EXPECT_EQ(refused.exit_code, 2) << arguments;
    EXPECT_THAT(refused.errors, HasSubstr(error)) << arguments;
    EXPECT_EQ(std::ranges::count(refused.errors, '\n'), 1) << refused.errors;
  }
}

/// A site whose fares are a function of the query. Some days have none. Counts the searches of each query.
class counting_site {
 public:
  ~counting_site() { release(); }

  std::string url() const { return site_.url(); }
  /// Responds to `count` searches from now on, and to others only after release().
  void hold_after(std::size_t count) {
    responses_left_ = static_cast<std::ptrdiff_t>(count);
    is_released_ = false;
  }
  void release() {
    responses_left_ = std::numeric_limits<std::ptrdiff_t>::max();
    is_released_ = true;
    is_released_.notify_all();
  }
  /// Refuses searches whose form contains this text.
  void refuse(const std::string& text) {
    const std::lock_guard lock{mutex_};
    refused_ = text;
  }
  /// Returns the number of searches per form since the last call.
  std::map<std::string, std::size_t> take_searches() {
    const std::lock_guard lock{mutex_};
    return std::exchange(searches_, {});
  }
  std::size_t searches() {
    const std::lock_guard lock{mutex_};
    std::size_t sum = 0;
    for (const auto& [form, count] : searches_) sum += count;
    return sum;
  }

 private:
  test::stub_response respond(const std::string& request) {
    if (!request.starts_with("POST"))
      return {.bytes = test::http_response(200, "Set-Cookie: JSESSIONID=1; Path=/\r\n", "")};
    const auto form = request.substr(request.find("\r\n\r\n") + 4);
    {
      const std::lock_guard lock{mutex_};
      ++searches_[form];
      if (!refused_.empty() && form.find(refused_) != form.npos)
        return {.bytes = test::http_response(404, "", "")};
    }
    if (responses_left_-- <= 0) is_released_.wait(false);
    const auto hash = std::hash<std::string>{}(form);
    std::string rows;
    for (std::size_t i = 0; i < hash % 4; ++i)
      rows += fmt::format("<p class=select-line>7:0{} 10:40 a,\"b\" {} {} €</p>", i, hash % 50, hash % 997);
    return {.bytes = test::http_response(200, "", test::page_with(rows))};
  }

  std::mutex mutex_;
  std::map<std::string, std::size_t> searches_;
  std::string refused_;
  std::atomic<std::ptrdiff_t> responses_left_ = std::numeric_limits<std::ptrdiff_t>::max();
  std::atomic<bool> is_released_ = true;
  test::stub_server site_{[this](const std::string& request) { return respond(request); }};
};

/// A job at a counting site, on the routes of routes.csv.
class fares_shards : public fares_job_files {
 protected:
  void write_routes(std::size_t count) {
    std::string routes;
    for (std::size_t i = 1; i <= count; ++i) routes += fmt::format("ID{},ID{}\n", i, i + 100);
    write("routes.csv", routes);
  }
  std::string job(std::size_t days) const {
    return fmt::format("--routes routes.csv --first-date 2026-03-01 --days {} --workers 3 --url {} ", days,
                       site_.url());
  }
  /// Returns the arguments that write the file of a shard, 2.jsonl.
  static std::string shard_flags(std::size_t index, std::size_t count) {
    return fmt::format("--shard {0}/{1} --out {0}.jsonl ", index, count);
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(path(name)); }
  std::string content(const std::string& name) const {
    std::ifstream in{path(name)};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  std::ptrdiff_t line_count(const std::string& name) const { return std::ranges::count(content(name), '\n'); }

  /// Starts bin/fares in the folder. Its standard error can be read as its output.
  child_process start(const std::string& arguments) const {
    return child_process{
        {.executable = "/bin/sh",
         .arguments = {"-c", fmt::format("cd {} && exec {}/fares {} --timeout 300s --deadline 600s 2>&1",
                                         path(""), FAREBENCH_BIN_DIR, arguments)}}};
  }

  counting_site site_;
};

TEST_F(fares_shards, any_number_of_shards_merges_to_the_whole) {
  write_routes(4);
  std::map<std::string, std::string> whole;
  for (const std::string format : {"csv", "json", "table"}) {
    const auto unsharded = run(job(3) + "--format " + format);
    ASSERT_EQ(unsharded.exit_code, 0) << unsharded.errors;
    whole[format] = unsharded.output;
  }
  site_.take_searches();
  for (const std::size_t count : {1u, 2u, 3u, 5u, 7u, 12u, 20u}) {
    std::string files;
    for (std::size_t i = count; i >= 1; --i) {
      const auto shard = run(job(3) + shard_flags(i, count));
      ASSERT_EQ(shard.exit_code, 0) << shard.errors;
      EXPECT_FALSE(exists(fmt::format("{}.jsonl.unfinished", i)));
      files += fmt::format(" {}.jsonl", i);
    }
    for (const auto& [form, searches] : site_.take_searches()) EXPECT_EQ(searches, 1u) << form;
    for (const auto& [format, text] : whole) {
      const auto merged = run(fmt::format("merge --format {}{}", format, files));
      EXPECT_EQ(merged.exit_code, 0) << merged.errors;
      EXPECT_EQ(merged.output, text) << count;
    }
    const auto named = run("merge --out merged.json " + files);
    EXPECT_THAT(named.errors,
                HasSubstr(fmt::format("fares: {} shard{}, 12 queries, ", count, count > 1 ? "s" : "")));
    EXPECT_EQ(content("merged.json"), whole["json"]);
    for (std::size_t i = 1; i <= count; ++i) std::filesystem::remove(path(fmt::format("{}.jsonl", i)));
  }
}

TEST_F(fares_shards, one_route_has_no_columns_for_it) {
  const std::string days = "--from ID1 --to ID2 --first-date 2026-03-01 --days 5 ";
  const auto whole = run(days + "--format csv").output;
  for (std::size_t i = 1; i <= 2; ++i) EXPECT_EQ(run(days + shard_flags(i, 2)).exit_code, 0);
  EXPECT_EQ(run("merge 1.jsonl 2.jsonl --format csv").output, whole);
}

TEST_F(fares_shards, killed_shard_continues_where_it_was) {
  constexpr std::size_t shards = 5;
  constexpr std::size_t workers = 3;
  constexpr std::size_t done_at_kill = 137;
  write_routes(20);
  const auto unsharded = run(job(100) + "--format csv --out whole.csv");
  ASSERT_EQ(unsharded.exit_code, 0) << unsharded.errors;
  EXPECT_EQ(site_.take_searches().size(), 2000u);

  std::string files;
  for (std::size_t i = 1; i <= shards; ++i) {
    files += fmt::format(" {}.jsonl", i);
    if (i == 3) {
      site_.take_searches();
      site_.hold_after(done_at_kill);
      auto killed = start(job(100) + shard_flags(3, shards));
      ASSERT_TRUE(test::wait_until([&] {
        return line_count("3.jsonl.unfinished") == done_at_kill + 1 &&
               site_.searches() == done_at_kill + workers;
      }));
      killed.kill();
      site_.release();
      EXPECT_FALSE(exists("3.jsonl"));
      const auto refused = run("merge 3.jsonl.unfinished");
      EXPECT_EQ(refused.exit_code, 2);
      EXPECT_THAT(refused.errors, HasSubstr("263 of its 400 queries are missing"));
    }
    const auto shard = run(job(100) + shard_flags(i, shards));
    ASSERT_EQ(shard.exit_code, 0) << shard.errors;
    if (i == 3) {
      EXPECT_THAT(shard.errors, HasSubstr("263 of 400 queries are missing in 3.jsonl"));
      std::size_t sum = 0;
      std::size_t twice = 0;
      const auto searches = site_.take_searches();
      for (const auto& [form, count] : searches) {
        sum += count;
        twice += count == 2 ? 1 : 0;
      }
      EXPECT_EQ(searches.size(), 400u);
      EXPECT_EQ(sum, 400u + workers) << "those in flight at the kill";
      EXPECT_EQ(twice, workers);
    }
  }
  const auto merged = run("merge --out merged.csv" + files);
  EXPECT_EQ(merged.exit_code, 0) << merged.errors;
  EXPECT_EQ(content("merged.csv"), content("whole.csv"));
}

TEST_F(fares_shards, interrupted_shard_keeps_scrapes_in_flight) {
  write_routes(2);
  site_.hold_after(4);
  auto interrupted = start(job(10) + shard_flags(1, 1));
  ASSERT_TRUE(
      test::wait_until([&] { return line_count("1.jsonl.unfinished") == 5 && site_.searches() == 4 + 3; }));
  kill(interrupted.pid(), SIGINT);
  EXPECT_THAT(interrupted.read_line(test::hang_deadline).line, HasSubstr("interrupted"));
  site_.release();
  EXPECT_EQ(interrupted.read_line(test::hang_deadline).line,
            "fares: ID1 to ID101, 2026-03-08 until ID2 to ID102, 2026-03-10: cancelled");
  EXPECT_THAT(interrupted.read_line(test::hang_deadline).line,
              testing::EndsWith(
                  "1.jsonl not written: 13 of 20 queries are missing; run the command again for these"));
  const auto ended = interrupted.wait(test::hang_deadline);
  ASSERT_TRUE(ended);
  EXPECT_EQ(WEXITSTATUS(*ended), 130);
  EXPECT_FALSE(exists("1.jsonl"));
  EXPECT_EQ(run(job(10) + shard_flags(1, 1)).exit_code, 0);
  EXPECT_EQ(site_.searches(), 20u);
}

TEST_F(fares_shards, rerun_of_whole_shard_requests_nothing) {
  write_routes(2);
  EXPECT_EQ(run(job(3) + shard_flags(2, 2)).exit_code, 0);
  const auto before = content("2.jsonl");
  site_.take_searches();
  const auto again = run(job(3) + shard_flags(2, 2));
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.errors, "fares: 2.jsonl is whole: 3 queries; nothing to do\n");
  EXPECT_EQ(site_.searches(), 0u);
  EXPECT_EQ(content("2.jsonl"), before);
}

TEST_F(fares_shards, failed_query_leaves_no_file_until_rerun) {
  write_routes(2);
  site_.refuse("departure=02.03.26");
  const auto failed = run(job(4) + shard_flags(1, 1));
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.errors, HasSubstr("fares: ID2 to ID102, 2026-03-02: unexpected_status"));
  EXPECT_THAT(failed.errors, HasSubstr("6 of 8 queries, "));
  EXPECT_THAT(failed.errors, HasSubstr("1.jsonl not written: 2 of 8 queries are missing"));
  EXPECT_FALSE(exists("1.jsonl"));
  site_.refuse("");
  site_.take_searches();
  EXPECT_EQ(run(job(4) + shard_flags(1, 1)).exit_code, 0);
  EXPECT_EQ(site_.searches(), 2u);
  EXPECT_EQ(run("merge 1.jsonl --format json").output, run(job(4) + "--format json").output);
}

TEST_F(fares_shards, partial_merge_leaves_out_failed_queries) {
  write_routes(3);
  site_.refuse("departure=01.03.26");
  std::map<std::string, std::string> whole;
  for (const std::string format : {"csv", "json", "table"})
    whole[format] = run(job(4) + "--format " + format).output;
  for (std::size_t i = 1; i <= 5; ++i) run(job(4) + shard_flags(i, 5));
  EXPECT_TRUE(exists("1.jsonl.unfinished"));
  EXPECT_TRUE(exists("2.jsonl"));
  for (const std::string format : {"csv", "table"}) {
    const auto merged = run("merge --partial ?.jsonl* --format " + format);
    EXPECT_EQ(merged.exit_code, 1);
    EXPECT_EQ(merged.output, whole[format]);
    EXPECT_THAT(merged.errors, HasSubstr("fares: 5 shards, 9 queries, "));
    EXPECT_THAT(merged.errors, HasSubstr(", 3 queries missing\n"));
  }
  auto successes = nlohmann::json::parse(whole["json"]);
  std::erase_if(successes.get_ref<nlohmann::json::array_t&>(),
                [](const auto& query) { return query.contains("error"); });
  EXPECT_EQ(nlohmann::json::parse(run("merge --partial ?.jsonl* --format json").output), successes);
}

TEST_F(fares_shards, partial_merge_leaves_out_missing_shards) {
  write_routes(3);
  for (const std::size_t i : {1u, 3u}) EXPECT_EQ(run(job(4) + shard_flags(i, 3)).exit_code, 0);
  const auto merged = run("merge --partial --out all.csv 3.jsonl 1.jsonl");
  EXPECT_EQ(merged.exit_code, 1);
  EXPECT_THAT(merged.errors, HasSubstr("2 shards, 8 queries, "));
  EXPECT_THAT(merged.errors, HasSubstr(", 4 queries missing, written to all.csv\n"));
  write("all.routes", "ID1,ID101\nID3,ID103\n");
  auto expected = job(4);
  expected.replace(expected.find("routes.csv"), 10, "all.routes");
  EXPECT_EQ(content("all.csv"), run(expected + "--format csv").output);

  EXPECT_EQ(run(job(4) + shard_flags(2, 3)).exit_code, 0);
  const auto complete = run("merge --partial 3.jsonl 1.jsonl 2.jsonl --format csv");
  EXPECT_EQ(complete.exit_code, 0);
  EXPECT_EQ(complete.output, run(job(4) + "--format csv").output);
}

TEST_F(fares_shards, partial_merge_of_no_query_is_empty) {
  write_routes(1);
  site_.refuse("departure");
  EXPECT_EQ(run(job(2) + shard_flags(1, 1)).exit_code, 1);
  const auto merged = run("merge --partial 1.jsonl.unfinished --format json");
  EXPECT_EQ(merged.exit_code, 1);
  EXPECT_EQ(nlohmann::json::parse(merged.output), nlohmann::json::array());
}

TEST_F(fares_shards, full_disk_leaves_no_damaged_line) {
  write_routes(3);
  // A process that ignores SIGXFSZ gets EFBIG beyond the limit of 2 KiB.
  const auto full =
      test::run_command(fmt::format("cd {} && bash -c 'trap \"\" XFSZ; ulimit -f 2; {}/fares {}'", path(""),
                                    FAREBENCH_BIN_DIR, job(20) + shard_flags(1, 1)));
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.errors, HasSubstr("write 1.jsonl.unfinished: File too large"));
  EXPECT_GT(line_count("1.jsonl.unfinished"), 1);
  EXPECT_FALSE(exists("1.jsonl"));
  EXPECT_EQ(run(job(20) + shard_flags(1, 1)).exit_code, 0);
  EXPECT_EQ(run("merge 1.jsonl --format csv").output, run(job(20) + "--format csv").output);
}

TEST_F(fares_shards, second_process_of_a_shard_is_refused) {
  write_routes(2);
  site_.hold_after(1);
  auto first = start(job(3) + shard_flags(1, 1));
  ASSERT_TRUE(test::wait_until([&] { return line_count("1.jsonl.unfinished") == 2; }));
  const auto second = run(job(3) + shard_flags(1, 1));
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_EQ(second.errors, "fares: 1.jsonl.unfinished: another process writes it\n");
  site_.release();
  const auto ended = first.wait(test::hang_deadline);
  ASSERT_TRUE(ended);
  EXPECT_EQ(WEXITSTATUS(*ended), 0);
}

TEST_F(fares_shards, file_of_another_job_is_refused_and_kept) {
  write_routes(2);
  EXPECT_EQ(run(job(3) + shard_flags(1, 1)).exit_code, 0);
  write("other.csv", "ID1,ID101\nID7,ID102\n");
  write("data.csv", "important\n");
  write("empty", "");
  write("text.unfinished", "important");
  const auto other_site = test::url_of_closed_port();
  const auto whole = content("1.jsonl");
  const std::string at = "--first-date 2026-03-01 --url " + site_.url() + ' ';
  const std::pair<std::string, std::string> cases[] = {
      {"--routes routes.csv --days 4 --shard 1/1 --out FILE " + at, "days is 3 instead of 4"},
      {"--routes other.csv --days 3 --shard 1/1 --out FILE " + at, "routes_digest is "},
      {"--from ID1 --to ID101 --days 3 --shard 1/1 --out FILE " + at, "it has no from"},
      {"--routes routes.csv --days 3 --shard 1/2 --out FILE " + at, "shard 1/1 instead of 1/2"},
      {"--routes routes.csv --days 3 --shard 1/1 --out FILE --first-date 2026-03-02 --url " + site_.url(),
       "first_date is \"2026-03-01\" instead of \"2026-03-02\""},
      {"--routes routes.csv --days 3 --shard 1/1 --out FILE --first-date 2026-03-01 --url " + other_site,
       "site is \"" + site_.url() + "\" instead of \"" + other_site + '"'}};
  site_.take_searches();
  for (const std::string state : {"", ".unfinished"}) {
    const auto file = "job" + state;
    write(file, whole);
    for (auto [arguments, error] : cases) {
      const auto refused = run(arguments.replace(arguments.find("FILE"), 4, "job"));
      EXPECT_EQ(refused.exit_code, 2) << arguments;
      EXPECT_THAT(refused.errors, StartsWith(fmt::format("fares: {}: ", file)));
      EXPECT_THAT(refused.errors, HasSubstr(error));
      EXPECT_EQ(content(file), whole);
    }
    std::filesystem::remove(path(file));
  }
  for (const std::string file : {"data.csv", "empty", "text"}) {
    const auto refused = run(job(3) + "--shard 1/1 --out " + file);
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.errors, HasSubstr("not an output of fares --shard")) << file;
  }
  EXPECT_EQ(content("data.csv"), "important\n");
  EXPECT_EQ(content("text.unfinished"), "important");
  EXPECT_EQ(site_.searches(), 0u);
}

TEST_F(fares_shards, part_without_queries_is_replaced) {
  write_routes(2);
  const auto wrong_site = test::url_of_closed_port();
  EXPECT_EQ(run("--routes routes.csv --first-date 2026-03-01 --shard 1/1 --out 1.jsonl --attempts 1 --url " +
                wrong_site)
                .exit_code,
            1);
  EXPECT_THAT(content("1.jsonl.unfinished"), HasSubstr(wrong_site));
  EXPECT_EQ(run(job(3) + shard_flags(1, 1)).exit_code, 0);
  EXPECT_THAT(content("1.jsonl"), HasSubstr(site_.url()));
}

TEST_F(fares_shards, invalid_shard_gives_one_line_and_exit_2) {
  write_routes(2);
  const std::pair<const char*, const char*> cases[] = {
      {"--shard 1/2", "--shard: needs --out"},
      {"--shard 1/2 --out -", "--shard: needs --out"},
      {"--shard 1/2 --out f --format csv", "--shard: excludes --format"},
      {"--shard 3/2 --out f", "--shard: '3/2' is invalid"},
      {"--shard auto --out f", "--shard: there is no SLURM_ARRAY_TASK_ID"},
      {"--shard 1/2 --out /dev/null", "/dev/null: --shard writes a file"}};
  for (const auto& [arguments, error] : cases) {
    const auto refused = run(job(3) + arguments);
    EXPECT_EQ(refused.exit_code, 2) << arguments;
    EXPECT_THAT(refused.errors, HasSubstr(error));
    EXPECT_EQ(std::ranges::count(refused.errors, '\n'), 1) << refused.errors;
  }
  const auto undated = run("--routes routes.csv --shard 1/2 --out f");
  EXPECT_EQ(undated.exit_code, 2);
  EXPECT_THAT(undated.errors, HasSubstr("--shard: needs --first-date"));
}

TEST_F(fares_shards, merge_refuses_what_is_not_there_once) {
  write_routes(2);
  for (std::size_t i = 1; i <= 3; ++i) ASSERT_EQ(run(job(3) + shard_flags(i, 3)).exit_code, 0);
  ASSERT_EQ(run(job(4) + "--shard 3/3 --out other_days.jsonl").exit_code, 0);
  ASSERT_EQ(run(job(3) + "--shard 1/2 --out of_two.jsonl").exit_code, 0);
  const auto whole = content("2.jsonl");
  const auto last_line = whole.substr(whole.rfind('\n', whole.size() - 2) + 1);
  write("lacking.jsonl", whole.substr(0, whole.size() - last_line.size()));
  write("torn.jsonl", whole.substr(0, whole.size() - 3));
  write("twice.jsonl", whole + last_line);
  write("noise.jsonl", whole + "noise\n");
  auto changed = whole;
  changed.replace(changed.find("\"ID1\""), 5, "\"ID3\"");
  write("changed.jsonl", changed);
  auto redated = whole;
  redated.replace(redated.find("2026-03-0", redated.find('\n')), 9, "2026-03-1");
  write("redated.jsonl", redated);
  auto huge = whole;
  huge.replace(huge.find("\"days\":3"), 8, "\"days\":10000000");
  write("huge.jsonl", huge);
  write("header.jsonl", "{}\n");
  write("fares.csv", "date,departure\n");
  const std::pair<const char*, const char*> cases[] = {
      {"1.jsonl 3.jsonl", "1 of 3 shards is missing: 2; --partial merges the others"},
      {"3.jsonl", "2 of 3 shards are missing: 1, 2"},
      {"1.jsonl 2.jsonl 3.jsonl ./2.jsonl", "2.jsonl: shard 2/3 is also in "},
      {"1.jsonl 2.jsonl other_days.jsonl",
       "other_days.jsonl: of another job than 1.jsonl: days is 4 instead of 3"},
      {"1.jsonl 2.jsonl of_two.jsonl", "of_two.jsonl: shard 1/2, but 1.jsonl is shard 1/3"},
      {"1.jsonl lacking.jsonl 3.jsonl", "lacking.jsonl: 1 of its 2 queries are missing"},
      {"1.jsonl torn.jsonl 3.jsonl", "torn.jsonl: 1 of its 2 queries are missing"},
      {"1.jsonl twice.jsonl 3.jsonl", " is there twice: remove the file"},
      {"1.jsonl noise.jsonl 3.jsonl", "noise.jsonl: the line at byte "},
      {"1.jsonl changed.jsonl 3.jsonl", "changed.jsonl: the line of query 2 is damaged"},
      {"1.jsonl redated.jsonl 3.jsonl", "redated.jsonl: the line of query "},
      {"huge.jsonl", "huge.jsonl: not an output of fares --shard"},
      {"header.jsonl", "header.jsonl: not an output of fares --shard"},
      {"fares.csv", "fares.csv: not an output of fares --shard"},
      {"/dev/null", "/dev/null: not a regular file"},
      {"none.jsonl", "none.jsonl: No such file"},
      {"1.jsonl 2.jsonl 3.jsonl --out 2.jsonl", "--out: '2.jsonl' is the file of a shard"},
      {"1.jsonl 2.jsonl 3.jsonl --format xml", "--format: unknown format 'xml'"},
      {"", "FILES is required"}};
  for (const auto& [arguments, error] : cases) {
    const auto refused = run(fmt::format("merge {}", arguments));
    EXPECT_EQ(refused.exit_code, 2) << arguments;
    EXPECT_THAT(refused.errors, HasSubstr(error)) << arguments;
    EXPECT_EQ(std::ranges::count(refused.errors, '\n'), 1) << refused.errors;
  }
  EXPECT_EQ(run("merge --out merged 1.jsonl changed.jsonl 3.jsonl").exit_code, 2);
  EXPECT_FALSE(exists("merged"));
  EXPECT_EQ(content("2.jsonl"), whole);
  EXPECT_EQ(run("--days 3 merge 1.jsonl").exit_code, 2);
}

TEST_F(fares_shards, part_cut_at_any_byte_is_continued) {
  const fares_job cut_job{.routes = {{"ID1", "ID2"}, {"ID3", "é"}},
                          .first_date = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1},
                          .days = 2,
                          .has_routes = true};
  const outcome fares{
      std::vector<fare>{{std::chrono::hours{7}, std::chrono::hours{8}, "\"é\"", 1, 100, "€"}}};
  const auto file = path("cut");
  const auto merged = [](const std::string& name) {
    std::string text;
    merge_shards({name}, fares_format::json, false, [&](const std::string& more) { text += more; });
    return text;
  };
  std::string part;
  {
    shard_file writer{file, cut_job, "site", {}};
    EXPECT_THAT(writer.missing(), testing::ElementsAre(0, 1, 2, 3));
    for (const std::size_t index : {2u, 0u, 3u}) writer.add(index, fares);
    part = content("cut.unfinished");
    writer.add(1, fares);
    writer.commit();
  }
  const auto whole = merged(file);
  std::filesystem::remove(file);
  for (std::size_t size = 0; size <= part.size(); ++size) {
    write("cut.unfinished", part.substr(0, size));
    shard_file writer{file, cut_job, "site", {}};
    const auto lines = std::ranges::count(part.substr(0, size), '\n');
    EXPECT_EQ(writer.missing().size(), 4 - static_cast<std::size_t>(std::max<std::ptrdiff_t>(lines - 1, 0)));
    for (const auto index : writer.missing()) writer.add(index, fares);
    EXPECT_EQ(merged(file + ".unfinished"), whole) << size;
  }
}

}  // namespace
}  // namespace farebench
