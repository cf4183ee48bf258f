#include "lib/system/child_process.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "lib/system/process_stats.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using status = child_process::read_status;
using testing::HasSubstr;
using testing::ThrowsMessage;

child_process shell(std::string script, std::vector<std::pair<std::string, std::string>> environment = {},
                    std::vector<int> inherited = {}) {
  return child_process{{.executable = "/bin/sh",
                        .arguments = {"-c", std::move(script)},
                        .environment = std::move(environment),
                        .inherited_descriptors = std::move(inherited)}};
}

std::string next_line(child_process& child) {
  const auto result = child.read_line(test::hang_deadline);
  EXPECT_EQ(result.status, status::line);
  return result.line;
}

bool is_running(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  const std::size_t at = text.rfind(") ");
  return at != std::string::npos && text[at + 2] != 'Z' && text[at + 2] != 'X';
}

TEST(child_process, lines_pass_to_and_from_child) {
  child_process child{{.executable = "/bin/cat"}};
  EXPECT_TRUE(child.write_line("first"));
  EXPECT_TRUE(child.write_line(""));
  EXPECT_EQ(next_line(child), "first");
  EXPECT_EQ(next_line(child), "");
}

TEST(child_process, arguments_reach_child_unchanged) {
  child_process child{{.executable = "/bin/echo", .arguments = {"a b", "$HOME", "", "'"}}};
  EXPECT_EQ(next_line(child), "a b $HOME  '");
}

TEST(child_process, given_variables_extend_environment) {
  ::setenv("FAREBENCH_TEST_KEPT", "kept", 1);
  ::setenv("FAREBENCH_TEST_SET", "before", 1);
  child_process child = shell("echo $FAREBENCH_TEST_KEPT $FAREBENCH_TEST_SET $FAREBENCH_TEST_NEW",
                              {{"FAREBENCH_TEST_SET", "after"}, {"FAREBENCH_TEST_NEW", "new"}});
  EXPECT_EQ(next_line(child), "kept after new");
  ::unsetenv("FAREBENCH_TEST_KEPT");
  ::unsetenv("FAREBENCH_TEST_SET");
}

TEST(child_process, program_that_cannot_be_executed_throws) {
  const std::size_t before = open_resources().descriptors;
  for (const char* path : {"/nonexistent/program", "/", "/etc/passwd"}) {
    EXPECT_THAT([&] { (child_process{{.executable = path}}); },
                ThrowsMessage<std::system_error>(HasSubstr(std::string{"exec "} + path)));
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
  EXPECT_EQ(open_resources().descriptors, before);
}

TEST(child_process, closed_inherited_descriptor_throws) {
  EXPECT_THAT([] { shell("true", {}, {987}); }, ThrowsMessage<std::system_error>(HasSubstr("descriptor")));
}

TEST(child_process, read_timeout_keeps_incomplete_line) {
  child_process child = shell("printf half; read go; echo ' a line'");
  const auto begin = clock::now();
  EXPECT_EQ(child.read_line(50ms).status, status::timed_out);
  EXPECT_GE(clock::now() - begin, 50ms);
  EXPECT_EQ(child.read_line(0ms).status, status::timed_out);
  child.write_line("go");
  EXPECT_EQ(next_line(child), "half a line");
}

TEST(child_process, end_of_output_is_reported_at_each_read) {
  child_process child = shell("echo one; printf two");
  EXPECT_EQ(next_line(child), "one");
  EXPECT_EQ(next_line(child), "two");
  EXPECT_EQ(child.read_line(test::hang_deadline).status, status::end_of_file);
  EXPECT_EQ(child.read_line(test::hang_deadline).status, status::end_of_file);
}

TEST(child_process, long_line_is_read_whole) {
  child_process child = shell("head -c 300000 /dev/zero | tr '\\0' x; echo; echo end");
  EXPECT_EQ(next_line(child), std::string(300'000, 'x'));
  EXPECT_EQ(next_line(child), "end");
}

TEST(child_process, write_to_closed_input_returns_false) {
  child_process child = shell("exec 0<&-; echo closed; exec sleep 100");
  EXPECT_EQ(next_line(child), "closed");
  EXPECT_FALSE(child.write_line("anyone?"));
}

TEST(child_process, wait_returns_status_or_times_out) {
  child_process child = shell("read go; exit 7");
  EXPECT_EQ(child.wait(20ms), std::nullopt);
  child.write_line("go");
  const auto ended = child.wait(test::hang_deadline);
  ASSERT_TRUE(ended);
  EXPECT_TRUE(WIFEXITED(*ended));
  EXPECT_EQ(WEXITSTATUS(*ended), 7);
  EXPECT_EQ(child.wait(0ms), ended);
  EXPECT_EQ(child.stop(), *ended);
}

TEST(child_process, second_stop_returns_first_status) {
  child_process child = shell("exec sleep 100");
  const int first = child.stop(test::hang_deadline);
  ASSERT_TRUE(WIFSIGNALED(first));
  EXPECT_EQ(WTERMSIG(first), SIGTERM);
  EXPECT_EQ(child.stop(), first);
  EXPECT_EQ(child.wait(0ms), first);
}

TEST(child_process, stop_kills_child_that_ignores_sigterm) {
  child_process child = shell("trap '' TERM; echo deaf; while :; do sleep 0.05; done");
  EXPECT_EQ(next_line(child), "deaf");
  const int ended = child.stop(50ms);
  ASSERT_TRUE(WIFSIGNALED(ended));
  EXPECT_EQ(WTERMSIG(ended), SIGKILL);
}

TEST(child_process, child_starts_with_default_signals) {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  child_process child = shell("grep -E '^Sig(Blk|Ign)' /proc/self/status");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  EXPECT_EQ(next_line(child), "SigBlk:\t0000000000000000");
  EXPECT_EQ(next_line(child), "SigIgn:\t0000000000000000");
}

TEST(child_process, child_inherits_only_given_descriptors) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const std::string count = "ls /proc/self/fd | wc -l";
  child_process plain = shell(count);
  const int before = std::stoi(next_line(plain));
  child_process heir = shell(count + "; echo through >&" + std::to_string(ends[1]), {}, {ends[1]});
  ::close(ends[1]);
  EXPECT_EQ(std::stoi(next_line(heir)), before + 1) << "the other child's descriptors are not inherited";
  char text[16] = {};
  EXPECT_EQ(::read(ends[0], text, sizeof text), 8);
  EXPECT_STREQ(text, "through\n");
  EXPECT_EQ(::read(ends[0], text, sizeof text), 0);
  ::close(ends[0]);
}

TEST(child_process, destructor_leaves_no_child_or_descriptor) {
  const std::size_t before = open_resources().descriptors;
  pid_t first = 0;
  {
    child_process child = shell("exec sleep 100");
    first = child.pid();
    child_process moved{std::move(child)};
    EXPECT_EQ(moved.pid(), first);
    moved = shell("exec sleep 100");
    EXPECT_FALSE(is_running(first));
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  EXPECT_EQ(open_resources().descriptors, before);
}

TEST(child_process, destructor_needs_no_free_descriptor) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer opens pipes to inspect memory and reports a refusal as an error";
#endif
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  pid_t pid = 0;
  {
    const child_process child = shell("exec sleep 100");
    pid = child.pid();
    const rlimit none{.rlim_cur = 0, .rlim_max = files.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_FALSE(is_running(pid));
}

TEST(child_process, child_dies_with_its_parent) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    child_process child = shell("exec sleep 100");
    const pid_t pid = child.pid();
    if (::write(ends[1], &pid, sizeof pid) != sizeof pid) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  pid_t grandchild = 0;
  ASSERT_EQ(::read(ends[0], &grandchild, sizeof grandchild), static_cast<ssize_t>(sizeof grandchild));
  EXPECT_TRUE(is_running(grandchild));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_TRUE(test::wait_until([&] { return !is_running(grandchild); }));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace farebench
