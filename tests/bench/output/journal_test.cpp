#include "bench/output/journal.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>
#include <vector>

#include "tests/bench/scratch_folder.hpp"

namespace farebench {
namespace {

using nlohmann::json;

std::vector<json> journal_lines(const std::filesystem::path& path) {
  const std::string text = text_of(path);
  EXPECT_TRUE(text.ends_with('\n'));
  std::vector<json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

TEST(row_journal, begins_with_time_and_context) {
  const scratch_folder scratch;
  const row_journal journal(scratch / "journal", {{"commit", "abc"}, {"odd", "\"\n\xff"}});
  const auto lines = journal_lines(scratch / "journal");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].at("journal"), 1);
  EXPECT_THAT(lines[0].at("started").get<std::string>(), ::testing::MatchesRegex("20[0-9-]{8}T[0-9:]{8}Z"));
  EXPECT_EQ(lines[0].at("context").at("commit"), "abc");
}

TEST(row_journal, appended_row_is_in_the_file_at_once) {
  const scratch_folder scratch;
  row_journal journal(scratch / "journal", {});
  journal.append("fetch/a", 0,
                 {.real_time_ms = 46.5,
                  .columns = {{"fares", 1200}, {"errors", 0}},
                  .item_histogram = time_histogram{std::vector<std::uint32_t>{7, 1000, 1001}}});
  EXPECT_EQ(journal_lines(scratch / "journal").size(), 2U);
  journal.append("fetch/a", 1, {.verdict = {.failure = "a \"reason\"\n", .warning = "late"}});
  const auto lines = journal_lines(scratch / "journal");
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[1], (json{{"name", "fetch/a"},
                            {"repetition", 0},
                            {"real_time_ms", 46.5},
                            {"columns", {{"errors", 0.0}, {"fares", 1200.0}}},
                            {"item_histogram", {{7, 1}, {506, 2}}}}));
  EXPECT_EQ(lines[2], (json{{"name", "fetch/a"},
                            {"repetition", 1},
                            {"columns", json::object()},
                            {"failure", "a \"reason\"\n"},
                            {"warning", "late"}}));
}

TEST(row_journal, values_that_are_not_finite_are_absent) {
  const scratch_folder scratch;
  row_journal journal(scratch / "journal", {});
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  journal.append("a", 0, {.real_time_ms = nan, .columns = {{"x", nan}, {"y", 1}}});
  const auto lines = journal_lines(scratch / "journal");
  EXPECT_FALSE(lines.at(1).contains("real_time_ms"));
  EXPECT_EQ(lines.at(1).at("columns"), (json{{"y", 1.0}}));
}

TEST(row_journal, existing_journal_is_kept_as_previous) {
  const scratch_folder scratch;
  const auto path = scratch / "journal";
  for (int run = 0; run < 3; ++run) {
    row_journal journal(path, {{"run", std::to_string(run)}});
    journal.append("a", 0, {});
  }
  EXPECT_EQ(journal_lines(path).at(0).at("context").at("run"), "2");
  EXPECT_EQ(journal_lines(path).size(), 2U);
  EXPECT_EQ(journal_lines(scratch / "journal.previous").at(0).at("context").at("run"), "1");
}

TEST(row_journal, links_and_modes_are_kept) {
  const scratch_folder scratch;
  std::filesystem::create_symlink("target", scratch / "journal");
  for (int run = 0; run < 2; ++run) {
    row_journal journal(scratch / "journal", {{"run", std::to_string(run)}});
    std::filesystem::permissions(scratch / "target", std::filesystem::perms{0600});
  }
  EXPECT_TRUE(std::filesystem::is_symlink(scratch / "journal"));
  EXPECT_EQ(journal_lines(scratch / "target").at(0).at("context").at("run"), "1");
  EXPECT_EQ(journal_lines(scratch / "target.previous").at(0).at("context").at("run"), "0");
  EXPECT_EQ(std::filesystem::status(scratch / "target").permissions(), std::filesystem::perms{0600});
  const row_journal journal(scratch / "journal", {});
  EXPECT_EQ(std::filesystem::status(scratch / "target").permissions(), std::filesystem::perms{0600});
}

TEST(row_journal, open_descriptor_is_not_renamed) {
  const scratch_folder scratch;
  const file_descriptor file{
      ::open((scratch / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  const auto link = scratch / "stdout";
  std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(file.get()), link);
  {
    row_journal{link, {}}.append("a", 0, {});
  }
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(journal_lines(scratch / "log").size(), 2U);
}

TEST(row_journal, path_that_cannot_be_created_is_named) {
  try {
    row_journal journal("/nowhere/journal", {});
    FAIL() << "should have thrown";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("/nowhere/journal"));
  }
}

TEST(row_journal, killed_process_loses_no_row) {
  constexpr int rows = 5;
  const scratch_folder scratch;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    row_journal journal(scratch / "journal", {});
    for (int i = 0; i < rows; ++i) journal.append("a", i, {.columns = {{"fares", i}}});
    [[maybe_unused]] const auto written = ::write(ready[1], "r", 1);
    for (;;) ::pause();
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  const auto lines = journal_lines(scratch / "journal");
  ASSERT_EQ(lines.size(), 1U + rows);
  for (int i = 0; i < rows; ++i) EXPECT_EQ(lines[static_cast<std::size_t>(i) + 1].at("repetition"), i);
}

TEST(row_journal, full_disk_gives_one_message) {
  testing::internal::CaptureStderr();
  {
    row_journal journal("/dev/full", {});
    for (int i = 0; i < 3; ++i) journal.append("a", i, {});
  }
  const auto errors = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(errors, '\n'), 1) << errors;
  EXPECT_THAT(errors, ::testing::HasSubstr("/dev/full lacks a row: No space left on device"));
}

TEST(row_journal, full_disk_leaves_no_partial_line) {
  const scratch_folder scratch;
  const pid_t child = ::fork();
  if (child == 0) {
    [[maybe_unused]] const auto* quiet = std::freopen("/dev/null", "w", stderr);
    std::signal(SIGXFSZ, SIG_IGN);
    row_journal journal(scratch / "journal", {});
    const auto limit = [](rlim_t bytes) {
      const rlimit size{.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
      ::setrlimit(RLIMIT_FSIZE, &size);
    };
    journal.append("first", 0, {});
    limit(std::filesystem::file_size(scratch / "journal") + 10);
    journal.append("second", 0, {});
    limit(RLIM_INFINITY);
    journal.append("third", 0, {});
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  const auto lines = journal_lines(scratch / "journal");
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[1].at("name"), "first");
  EXPECT_EQ(lines[2].at("name"), "third");
}

}  // namespace
}  // namespace farebench
