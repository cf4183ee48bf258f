#include "lib/system/output_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>

namespace farebench {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class output_file_test : public testing::Test {
 protected:
  output_file_test() {
    std::string pattern = fs::temp_directory_path() / "farebench-output-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    write(path(), "older");
  }
  ~output_file_test() override { fs::remove_all(folder_); }

  static void write(const fs::path& path, const std::string& text) { std::ofstream{path} << text; }
  static mode_t mode_of(const fs::path& path) {
    struct stat state{};
    EXPECT_EQ(stat(path.c_str(), &state), 0);
    return state.st_mode & 07777;
  }

  fs::path path() const { return folder_ / "out"; }
  std::string content() const { return read_file(path()); }
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator{folder_}, {}); }

  fs::path folder_;
};

/// Reads `descriptor` to its end in another thread.
class background_reader {
 public:
  explicit background_reader(int descriptor)
      : thread_{[this, descriptor] {
          std::array<char, 4096> bytes;
          for (ssize_t count; (count = read(descriptor, bytes.data(), bytes.size())) > 0;)
            text_.append(bytes.data(), static_cast<std::size_t>(count));
        }} {}
  std::string text() {
    thread_.join();
    return text_;
  }

 private:
  std::string text_;
  std::jthread thread_;
};

TEST_F(output_file_test, older_content_remains_until_commit) {
  output_file file{path()};
  file.stream() << "newer" << std::flush;
  EXPECT_EQ(content(), "older");
  file.commit();
  EXPECT_EQ(content(), "newer");
  EXPECT_EQ(files(), 1);
}

TEST_F(output_file_test, uncommitted_file_leaves_nothing) {
  {
    output_file file{path()};
    file.stream() << "half";
  }
  EXPECT_EQ(content(), "older");
  EXPECT_EQ(files(), 1);
}

TEST_F(output_file_test, write_through_link_keeps_the_link) {
  fs::create_symlink("out", folder_ / "link");
  output_file file{folder_ / "link"};
  file.stream() << "newer";
  file.commit();
  EXPECT_EQ(content(), "newer");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
}

TEST_F(output_file_test, write_through_dangling_link_creates_target) {
  fs::create_symlink("not yet", folder_ / "link");
  write_file(folder_ / "link", "newer");
  EXPECT_EQ(read_file(folder_ / "not yet"), "newer");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
}

TEST_F(output_file_test, circle_of_links_throws) {
  fs::create_symlink("a", folder_ / "b");
  fs::create_symlink("b", folder_ / "a");
  EXPECT_THROW(output_file{folder_ / "a"}, std::system_error);
  EXPECT_TRUE(fs::is_symlink(folder_ / "a"));
}

TEST_F(output_file_test, unwritable_path_throws_with_its_name) {
  EXPECT_THROW(output_file{folder_ / "no" / "folder"}, std::system_error);
  output_file full{"/dev/full"};
  full.stream() << "more than there is room for";
  EXPECT_THROW(full.commit(), std::system_error);
  fs::create_directories(folder_ / "a" / "b");
  try {
    write_file(folder_ / "a", "text", if_exists::replace);
    FAIL() << "a folder was replaced";
  } catch (const std::system_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("write " + (folder_ / "a").string()));
  }
  EXPECT_TRUE(fs::is_directory(folder_ / "a" / "b"));
  EXPECT_EQ(files(), 2);
  EXPECT_THROW(write_file(path() / "a", "text", if_exists::keep), std::system_error);
  EXPECT_THROW(write_file("/proc/no/such/place", "text", if_exists::keep), std::system_error);
}

TEST_F(output_file_test, full_disk_keeps_the_older_content) {
  // A limit of the size of files stands for a full disk: the write fails half way.
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_THROW(write_file(path(), std::string(5000, 'x'), if_exists::replace), std::system_error);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(content(), "older");
  EXPECT_EQ(files(), 1);
}

TEST_F(output_file_test, full_device_is_named_after_many_writes) {
  output_file full{"/dev/full"};
  for (int i = 0; i < 100; ++i) full.stream() << std::string(1000, 'x') << std::flush;
  errno = EAGAIN;
  try {
    full.commit();
    FAIL() << "a write to a full device succeeded";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_space_on_device);
    EXPECT_THAT(error.what(), HasSubstr("write /dev/full"));
  }
}

TEST_F(output_file_test, unnamed_file_is_written_directly) {
  // As /dev/stdout, if the file of a redirection was removed.
  const file_descriptor removed{open(path().c_str(), O_RDWR | O_TRUNC | O_CLOEXEC)};
  fs::remove(path());
  write_file("/proc/self/fd/" + std::to_string(removed.get()), "text");
  std::array<char, 10> bytes{};
  EXPECT_EQ(pread(removed.get(), bytes.data(), bytes.size(), 0), 4);
  EXPECT_EQ(files(), 0);
}

TEST_F(output_file_test, parts_are_removed_before_exit) {
  output_file file{path()};
  output_file other{folder_ / "other"};
  EXPECT_EQ(files(), 3);
  remove_parts_before_exit();
  EXPECT_EQ(files(), 1);
  EXPECT_EQ(content(), "older");
}

TEST_F(output_file_test, file_without_write_permission_is_refused) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write to any file";
  fs::permissions(path(), fs::perms::owner_read);
  EXPECT_THROW(output_file{path()}, std::system_error);
}

TEST_F(output_file_test, existing_file_keeps_its_owner) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ASSERT_EQ(chown(path().c_str(), 12345, 12346), 0);
  write_file(path(), "newer");
  struct stat state{};
  ASSERT_EQ(stat(path().c_str(), &state), 0);
  EXPECT_EQ(state.st_uid, 12345u);
  EXPECT_EQ(state.st_gid, 12346u);
}

TEST_F(output_file_test, existing_file_keeps_its_mode) {
  for (const mode_t mode : {0600U, 0640U, 0755U, 0444U}) {
    ASSERT_EQ(chmod(path().c_str(), mode), 0);
    output_file file{path()};
    EXPECT_EQ(mode_of(path().string() + ".partial") & 077 & ~mode, 0U) << "no more open than the file";
    file.stream() << "newer";
    file.commit();
    EXPECT_EQ(mode_of(path()), mode);
  }
}

TEST_F(output_file_test, umask_applies_to_new_file) {
  const mode_t before = umask(027);
  write_file(folder_ / "new", "text");
  umask(before);
  EXPECT_EQ(mode_of(folder_ / "new"), 0640U);
}

TEST_F(output_file_test, each_of_two_writers_commits_a_whole_file) {
  output_file first{path()};
  output_file second{path()};
  const std::string much(200'000, 'x');
  first.stream() << "first " << much << std::flush;
  second.stream() << "second " << much << std::flush;
  first.commit();
  EXPECT_EQ(content(), "first " + much);
  second.commit();
  EXPECT_EQ(content(), "second " + much);
  EXPECT_EQ(files(), 1);
}

TEST_F(output_file_test, many_writers_leave_one_whole_file) {
  const auto write_often = [this](char letter) {
    for (int i = 0; i < 50; ++i) write_file(path(), std::string(20'000, letter));
  };
  {
    const std::jthread a{write_often, 'a'};
    const std::jthread b{write_often, 'b'};
    const std::jthread c{write_often, 'c'};
  }
  const auto text = content();
  EXPECT_EQ(text, std::string(20'000, text.front()));
  EXPECT_EQ(files(), 1);
}

TEST_F(output_file_test, part_of_killed_writer_is_replaced) {
  write(path().string() + ".partial", "a longer half");
  output_file file{path()};
  file.stream() << "newer" << std::flush;
  EXPECT_EQ(read_file(path().string() + ".partial"), "newer");
  file.commit();
  EXPECT_EQ(content(), "newer");
  EXPECT_EQ(files(), 1);
}

TEST_F(output_file_test, device_is_written_directly) {
  write_file("/dev/null", "gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(output_file_test, fifo_is_written_directly) {
  const auto fifo = folder_ / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const file_descriptor end{open(fifo.c_str(), O_RDONLY | O_NONBLOCK)};
  ASSERT_EQ(fcntl(end.get(), F_SETFL, 0), 0);
  {
    output_file file{fifo};
    background_reader reader{end.get()};
    file.stream() << "text";
    file.commit();
    EXPECT_EQ(reader.text(), "text");
  }
  EXPECT_TRUE(fs::is_fifo(fifo));
  EXPECT_EQ(files(), 2);
}

TEST_F(output_file_test, standard_output_of_pipeline_is_written) {
  // /dev/stdout leads to such a link.
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const file_descriptor read_end{ends[0]};
  file_descriptor write_end{ends[1]};
  fs::create_symlink("/proc/self/fd/" + std::to_string(ends[1]), folder_ / "stdout");
  output_file file{folder_ / "stdout"};
  write_end.reset();
  background_reader reader{read_end.get()};
  file.stream() << "text";
  file.commit();
  EXPECT_EQ(reader.text(), "text");
  EXPECT_TRUE(fs::is_symlink(folder_ / "stdout"));
  EXPECT_EQ(files(), 2);
}

TEST_F(output_file_test, open_descriptor_of_file_is_written_at_its_offset) {
  // As in `{ command; fares --out /dev/stdout; } >> out`.
  const file_descriptor appended{open(path().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
  const auto link = "/proc/self/fd/" + std::to_string(appended.get());
  EXPECT_FALSE(replaced_file(link));
  write_file(link, " newer");
  write_file("/dev/fd/" + std::to_string(appended.get()), " newest");
  EXPECT_EQ(content(), "older newer newest");
}

TEST_F(output_file_test, socket_is_written) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const file_descriptor read_end{ends[0]};
  file_descriptor write_end{ends[1]};
  write_file("/dev/fd/" + std::to_string(write_end.get()), "text");
  write_end.reset();
  EXPECT_EQ(background_reader{read_end.get()}.text(), "text");
}

TEST_F(output_file_test, unusable_descriptor_throws_before_work) {
  const file_descriptor readable{open(path().c_str(), O_RDONLY | O_CLOEXEC)};
  EXPECT_THROW(output_file{"/dev/fd/" + std::to_string(readable.get())}, std::system_error);
  EXPECT_THROW(output_file{"/dev/fd/987654"}, std::system_error);
}

TEST_F(output_file_test, path_with_trailing_slash_throws) {
  for (const auto& wrong : {(folder_ / "new/").string(), folder_.string() + "/", path().string() + "/"})
    EXPECT_THROW(output_file{wrong}, std::system_error) << wrong;
  EXPECT_EQ(files(), 1);
}

TEST_F(output_file_test, removed_working_directory_throws) {
  const auto before = fs::current_path();
  fs::create_directory(folder_ / "removed");
  fs::current_path(folder_ / "removed");
  fs::remove(folder_ / "removed");
  EXPECT_THROW(output_file{"out"}, std::system_error);
  fs::current_path(before);
}

TEST_F(output_file_test, replaced_file_is_at_the_end_of_links) {
  fs::create_symlink("out", folder_ / "link");
  fs::create_symlink("new", folder_ / "dangling");
  EXPECT_EQ(replaced_file(path()), path());
  EXPECT_EQ(replaced_file(folder_ / "link"), path());
  EXPECT_EQ(replaced_file(folder_ / "dangling"), folder_ / "new");
  for (const auto& direct : {fs::path{"-"}, fs::path{"/dev/null"}, fs::path{"/dev/stdout"}, folder_})
    EXPECT_FALSE(replaced_file(direct)) << direct;
}

TEST_F(output_file_test, kept_part_survives_exit) {
  output_file kept{folder_ / "kept"};
  output_file removed{folder_ / "removed"};
  kept.keep_part_of_killed_process();
  remove_parts_before_exit();
  EXPECT_TRUE(fs::exists(folder_ / "kept.partial"));
  EXPECT_FALSE(fs::exists(folder_ / "removed.partial"));
}

TEST_F(output_file_test, relative_path_is_written) {
  const auto before = fs::current_path();
  fs::current_path(folder_);
  write_file("out", "newer");
  write_file("new", "text", if_exists::keep);
  fs::current_path(before);
  EXPECT_EQ(content(), "newer");
  EXPECT_EQ(files(), 2);
}

TEST_F(output_file_test, keep_throws_if_file_exists) {
  EXPECT_THROW(write_file(path(), "newer", if_exists::keep), std::system_error);
  EXPECT_EQ(content(), "older");
  EXPECT_EQ(files(), 1);
  write_file(folder_ / "new", "text", if_exists::keep);
  EXPECT_EQ(read_file(folder_ / "new"), "text");
  EXPECT_EQ(files(), 2);
}

TEST_F(output_file_test, write_creates_missing_folders) {
  write_file(folder_ / "b" / "c" / "d", "text", if_exists::keep);
  EXPECT_EQ(read_file(folder_ / "b" / "c" / "d"), "text");
}

TEST_F(output_file_test, only_abandoned_parts_are_removed) {
  write(folder_ / ".a.json.1.partial", "half");
  write(folder_ / ".b.json.2.partial", "half");
  write(folder_ / "c.json", "whole");
  const file_descriptor writer{open((folder_ / ".b.json.2.partial").c_str(), O_WRONLY)};
  ASSERT_EQ(flock(writer.get(), LOCK_EX), 0);
  output_file file{path()};
  remove_abandoned_parts(folder_);
  EXPECT_FALSE(fs::exists(folder_ / ".a.json.1.partial"));
  EXPECT_TRUE(fs::exists(folder_ / ".b.json.2.partial"));
  EXPECT_TRUE(fs::exists(folder_ / "out.partial"));
  EXPECT_TRUE(fs::exists(folder_ / "c.json"));
  remove_abandoned_parts(folder_ / "not there");
}

TEST_F(output_file_test, unreadable_path_throws_with_its_name) {
  // The kernel opens this process's memory, but cannot read its first page.
  for (const auto& unreadable : {folder_ / "none", folder_, fs::path{"/proc/self/mem"}}) {
    try {
      read_file(unreadable);
      ADD_FAILURE() << unreadable;
    } catch (const std::system_error& error) {
      EXPECT_THAT(error.what(), HasSubstr("read " + unreadable.string()));
    }
  }
}

}  // namespace
}  // namespace farebench
