// The example programs: results, errors, length, and the document that shows them.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "mock_server/mock_server_process.hpp"
#include "tests/support/run_command.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

const fs::path folder_of_examples = fs::path{FAREBENCH_SOURCE_DIR} / "examples";

class example : public testing::TestWithParam<const char*> {
 protected:
  /// Runs the program with these URLs on its standard input.
  finished_command fetch(const std::vector<std::string>& urls) const {
    const fs::path list =
        fs::path{testing::TempDir()} / fmt::format("farebench_urls_{}_{}", GetParam(), ::getpid());
    std::ofstream out{list};
    for (const auto& url : urls) out << url << '\n';
    out.close();
    auto finished = run_command(
        fmt::format("'{}/examples/example_{}' < '{}'", FAREBENCH_BIN_DIR, GetParam(), list.string()));
    fs::remove(list);
    return finished;
  }

  static mock_server_process start_server() {
    return mock_server_process{{.executable = fs::path{FAREBENCH_BIN_DIR} / "mock_server"}};
  }
};
INSTANTIATE_TEST_SUITE_P(styles, example, testing::Values("blocking", "callbacks", "coroutines", "fibers"),
                         [](const auto& tested) { return std::string{tested.param}; });

TEST_P(example, thousand_urls_give_status_size_and_url) {
  const auto server = start_server();
  std::vector<std::string> urls;
  urls.reserve(1'000);
  std::multiset<std::string> expected;
  for (std::size_t number = 0; number < 1'000; ++number) {
    urls.push_back(fmt::format("{}/page/{}", server.url(), number));
    expected.insert("200 3072 " + urls.back());
  }
  const auto finished = fetch(urls);
  EXPECT_EQ(finished.errors, "");
  EXPECT_EQ(finished.exit_code, 0);
  const auto lines = lines_of(finished.output);
  EXPECT_EQ((std::multiset<std::string>{lines.begin(), lines.end()}), expected);
}

TEST_P(example, empty_list_gives_nothing) {
  const auto finished = fetch({});
  EXPECT_EQ(finished.output + finished.errors, "");
  EXPECT_EQ(finished.exit_code, 0);
}

TEST_P(example, failed_url_is_reported_among_others) {
  const auto server = start_server();
  const auto closed = url_of_closed_port() + "/";
  const auto page = server.url() + "/page/7";
  const auto finished = fetch({page, "not-a-url", server.url() + "/nothing", closed, page});
  EXPECT_EQ(finished.exit_code, 1);
  const auto lines = lines_of(finished.output);
  EXPECT_EQ(std::ranges::count(lines, "200 3072 " + page), 2);
  EXPECT_THAT(lines,
              testing::Contains(testing::AllOf(testing::StartsWith("404 "), testing::EndsWith("/nothing"))));
  EXPECT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines_of(finished.errors),
              testing::UnorderedElementsAre(testing::StartsWith("not-a-url: invalid_url"),
                                            testing::StartsWith(closed + ": connect_failed")));
}

TEST_P(example, program_has_at_most_30_lines) {
  EXPECT_LE(lines_of(read_file(folder_of_examples / fmt::format("{}.cpp", GetParam()))).size(), 30u);
}

TEST_P(example, document_shows_the_program) {
  const auto code = read_file(folder_of_examples / fmt::format("{}.cpp", GetParam()));
  const auto document = read_file(fs::path{FAREBENCH_SOURCE_DIR} / "docs" / "library.md");
  EXPECT_NE(document.find("```c++\n" + code + "```\n"), std::string::npos)
      << "docs/library.md does not contain examples/" << GetParam() << ".cpp as it is";
}

TEST(examples, each_program_is_tested) {
  std::set<std::string> names;
  for (const auto& file : fs::directory_iterator{folder_of_examples}) {
    if (file.path().extension() == ".cpp") names.insert(file.path().stem());
  }
  EXPECT_THAT(names, testing::ElementsAre("blocking", "callbacks", "coroutines", "fibers"));
}

}  // namespace
}  // namespace farebench::test
