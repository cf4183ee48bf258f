// Jobs of fares: many routes, in shards.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/run_command.hpp"
#include "tests/support/stub_server.hpp"
#include "tools/fares/fares.hpp"

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
    const auto alone = run("--from ID1 --to ID2 --format " + format + days).output;
    auto rows = run("--routes routes.csv --format " + format + days).output;
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

}  // namespace
}  // namespace farebench
