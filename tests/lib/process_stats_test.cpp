#include "lib/system/process_stats.hpp"

#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace farebench {
namespace {

using namespace std::chrono_literals;

const std::string complete =
    "Name:\tfetch_probe\n"
    "State:\tS (sleeping)\n"
    "Pid:\t4242\n"
    "VmPeak:\t  900000 kB\n"
    "VmHWM:\t   20480 kB\n"
    "VmRSS:\t   16384 kB\n"
    "RssAnon:\t    5000 kB\n"
    "RssFile:\t   11000 kB\n"
    "RssShmem:\t     384 kB\n"
    "VmPTE:\t     120 kB\n"
    "Threads:\t21\n"
    "Cpus_allowed_list:\t0-1\n";

std::string without_field(std::string text, const std::string& name) {
  const auto begin = text.find("\n" + name + ":") + 1;
  return text.erase(begin, text.find('\n', begin) - begin + 1);
}

std::string replace(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(parse_status, status_sizes_are_read_in_bytes) {
  const auto snapshot = parse_status(complete);
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(*snapshot, (memory_snapshot{.rss_bytes = 16384 * 1024,
                                        .rss_peak_bytes = 20480 * 1024,
                                        .anon_bytes = 5000 * 1024,
                                        .file_bytes = (11000 + 384) * 1024,
                                        .page_table_bytes = 120 * 1024,
                                        .threads = 21}));
}

TEST(parse_status, status_without_last_newline_is_read) {
  EXPECT_TRUE(parse_status(complete.substr(0, complete.size() - 1)));
}

TEST(parse_status, status_size_above_32_bits_is_read) {
  const auto snapshot = parse_status(replace(complete, "  20480 kB", "68719476736 kB"));
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->rss_peak_bytes, 68719476736U * 1024U);
}

TEST(parse_status, status_size_above_64_bits_is_malformed) {
  EXPECT_EQ(parse_status(replace(complete, "  20480 kB", "18446744073709551615 kB")).error(),
            process_error::malformed);
  EXPECT_EQ(parse_status(replace(complete, "  20480 kB", "184467440737095516160 kB")).error(),
            process_error::malformed);
}

TEST(parse_status, similar_status_fields_are_ignored) {
  const auto snapshot = parse_status("XVmRSS:\t1 kB\nVmRSSX:\t2 kB\nName:\tVmRSS: 3 kB\n" + complete);
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->rss_bytes, 16384U * 1024U);
}

TEST(parse_status, status_of_ended_process_gives_zombie) {
  const std::string ended = "Name:\tx\nState:\tZ (zombie)\nThreads:\t1\n";
  EXPECT_EQ(parse_status(ended).error(), process_error::zombie);
  EXPECT_EQ(parse_status(replace(ended, "Z (zombie)", "X (dead)")).error(), process_error::zombie);
  EXPECT_EQ(parse_status(replace(ended, "Z (zombie)", "R (running)")).error(), process_error::no_memory);
}

TEST(parse_status, missing_status_field_is_malformed) {
  for (const std::string name : {"VmHWM", "RssAnon", "RssFile", "RssShmem", "VmPTE", "Threads", "State"})
    EXPECT_EQ(parse_status(without_field(complete, name)).error(), process_error::malformed) << name;
}

TEST(parse_status, status_size_in_other_unit_is_malformed) {
  EXPECT_EQ(parse_status(replace(complete, "16384 kB", "16 MB")).error(), process_error::malformed);
  EXPECT_EQ(parse_status(replace(complete, "16384 kB", "16384")).error(), process_error::malformed);
  EXPECT_EQ(parse_status(replace(complete, "16384 kB", "-1 kB")).error(), process_error::malformed);
  EXPECT_EQ(parse_status(replace(complete, "   16384 kB", "")).error(), process_error::malformed);
  EXPECT_EQ(parse_status(replace(complete, "Threads:\t21", "Threads:\tmany")).error(),
            process_error::malformed);
}

TEST(parse_status, other_status_text_is_malformed) {
  EXPECT_EQ(parse_status("").error(), process_error::malformed);
  EXPECT_EQ(parse_status("\n\n:::\n").error(), process_error::malformed);
  EXPECT_EQ(parse_status("State:").error(), process_error::malformed);
}

TEST(process_error, every_process_error_has_a_text) {
  for (const auto error :
       {process_error::gone, process_error::zombie, process_error::no_memory, process_error::malformed})
    EXPECT_THAT(to_string(error), ::testing::StartsWith("the "));
}

TEST(parse_statm, statm_pages_are_read_in_bytes) {
  const auto parsed = parse_statm("5842 3012 2800 120 0 340 0\n", 4096);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->rss_bytes, 3012U * 4096);
  EXPECT_EQ(parsed->anon_bytes, 212U * 4096);
  EXPECT_EQ(parse_statm("5842 3012 2800 120 0 340 0\n", 16384)->rss_bytes, 3012U * 16384);
}

TEST(parse_statm, more_shared_than_resident_gives_zero_anon) {
  EXPECT_EQ(parse_statm("10 3 4 1 0 2 0\n", 4096)->anon_bytes, 0U);
}

TEST(parse_statm, zero_statm_gives_no_memory) {
  EXPECT_EQ(parse_statm("0 0 0 0 0 0 0\n", 4096).error(), process_error::no_memory);
}

TEST(parse_statm, other_statm_text_is_malformed) {
  for (const char* text : {"", "\n", "12", "12 13", "12 13 14", "a b c\n", "1  2 3\n", "1 -2 3 4\n",
                           "1 99999999999999999999 3 4\n", "1 18446744073709551615 3 4\n"}) {
    const auto parsed = parse_statm(text, 4096);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error(), process_error::malformed) << text;
  }
}

/// A child process that runs `work` and then waits to be killed. The constructor returns after `work`.
class forked_child {
 public:
  explicit forked_child(const std::function<void()>& work = [] {}) {
    int ready[2];
    if (::pipe(ready) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      work();
      [[maybe_unused]] const auto written = ::write(ready[1], "r", 1);
      for (;;) ::pause();
    }
    ::close(ready[1]);
    char byte;
    if (::read(ready[0], &byte, 1) != 1) ADD_FAILURE() << "the child ended early";
    ::close(ready[0]);
  }
  ~forked_child() {
    if (pid_ > 0) {
      kill();
      reap();
    }
  }
  forked_child(const forked_child&) = delete;
  forked_child& operator=(const forked_child&) = delete;

  pid_t pid() const { return pid_; }
  /// Returns once it is a zombie.
  void kill() const {
    ::kill(pid_, SIGKILL);
    siginfo_t ended;
    ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT);
  }
  void reap() { ::waitpid(std::exchange(pid_, -1), nullptr, 0); }

 private:
  pid_t pid_ = -1;
};

TEST(memory_snapshot, memory_parts_add_up_to_rss) {
  const auto snapshot = read_memory_snapshot(::getpid());
  ASSERT_TRUE(snapshot) << to_string(snapshot.error());
  EXPECT_GT(snapshot->anon_bytes, 0U);
  EXPECT_GT(snapshot->file_bytes, 0U);
  EXPECT_GT(snapshot->page_table_bytes, 0U);
  EXPECT_EQ(snapshot->rss_bytes, snapshot->anon_bytes + snapshot->file_bytes);
  EXPECT_GE(snapshot->rss_peak_bytes, snapshot->rss_bytes);
  EXPECT_GE(snapshot->threads, 1U);
}

TEST(memory_snapshot, freed_memory_remains_in_peak_only) {
  constexpr std::size_t block_bytes = 32U << 20;
  const forked_child plain;
  const forked_child fat([] {
    // Not the heap, which a sanitizer's allocator keeps.
    void* block = ::mmap(nullptr, block_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) ::_exit(1);
    std::memset(block, 1, block_bytes);
    ::munmap(block, block_bytes);
  });
  const auto small = read_memory_snapshot(plain.pid());
  const auto big = read_memory_snapshot(fat.pid());
  ASSERT_TRUE(small && big);
  EXPECT_GE(big->rss_peak_bytes, small->rss_peak_bytes + block_bytes / 2);
  EXPECT_LT(big->anon_bytes, small->anon_bytes + block_bytes / 2);
}

TEST(memory_snapshot, zombie_and_reaped_process_give_their_errors) {
  forked_child child;
  const memory_reader reader(child.pid());
  const pid_t pid = child.pid();
  ASSERT_TRUE(reader.read());

  child.kill();
  EXPECT_EQ(reader.read().error(), process_error::zombie);
  EXPECT_EQ(read_memory_snapshot(pid).error(), process_error::zombie);

  child.reap();
  EXPECT_EQ(reader.read().error(), process_error::gone);
  EXPECT_EQ(read_memory_snapshot(pid).error(), process_error::gone);
}

TEST(memory_reader, moved_reader_reads_its_process) {
  memory_reader reader(::getpid());
  memory_reader moved(std::move(reader));
  EXPECT_TRUE(moved.read());
  forked_child child;
  moved = memory_reader(child.pid());
  EXPECT_TRUE(moved.read());
  child.kill();
  child.reap();
  EXPECT_EQ(moved.read().error(), process_error::gone);
}

TEST(memory_reader, started_thread_is_counted) {
  const auto wait = [](const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::yield();
  };
  const memory_reader reader(::getpid());
  // A sanitizer may start its own thread with the first.
  const std::jthread first(wait);
  const auto before = reader.read()->threads;
  const std::jthread second(wait);
  EXPECT_EQ(reader.read()->threads, before + 1);
}

TEST(count_sockets, only_sockets_are_counted) {
  const forked_child child([] {
    int pair[2];
    int both_pipe_ends[2];
    bool is_open = ::pipe(both_pipe_ends) == 0;
    for (int i = 0; i < 3; ++i) is_open = is_open && ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0;
    if (!is_open) ::_exit(1);
  });
  const forked_child plain;
  const auto sockets = count_sockets(child.pid());
  const auto inherited = count_sockets(plain.pid());
  ASSERT_TRUE(sockets && inherited);
  EXPECT_EQ(*sockets, *inherited + 6);
}

TEST(count_sockets, sockets_of_reaped_process_give_gone) {
  forked_child child;
  const pid_t pid = child.pid();
  child.kill();
  const auto of_zombie = count_sockets(pid);
  EXPECT_EQ(of_zombie.value_or(0), 0U);
  child.reap();
  const auto of_reaped = count_sockets(pid);
  ASSERT_FALSE(of_reaped);
  EXPECT_EQ(of_reaped.error(), process_error::gone);
}

TEST(process_cpu_time, busy_thread_counts_after_its_end) {
  const auto before = process_cpu_time(::getpid());
  std::jthread{[] {
    const auto spent = [] { return process_cpu_time(::getpid()).value(); };
    for (const auto begin = spent(); spent() < begin + 20ms;) {
    }
  }}.join();
  const auto after = process_cpu_time(::getpid());
  ASSERT_TRUE(before && after);
  EXPECT_GE(*after - *before, 15ms);
}

TEST(process_cpu_time, reaped_process_gives_gone) {
  forked_child child;
  const pid_t pid = child.pid();
  EXPECT_TRUE(process_cpu_time(pid));
  child.kill();
  child.reap();
  EXPECT_EQ(process_cpu_time(pid).error(), process_error::gone);
}

TEST(descendants, running_children_are_found) {
  EXPECT_TRUE(descendants(::getpid()).empty());
  forked_child child;
  const pid_t pid = child.pid();
  EXPECT_THAT(descendants(::getpid()), testing::ElementsAre(pid));
  child.kill();
  child.reap();
  EXPECT_TRUE(descendants(::getpid()).empty());
  EXPECT_TRUE(descendants(pid).empty());
}

TEST(process_tree_cpu_time, children_count_before_and_after_their_end) {
  const auto before = process_tree_cpu_time(::getpid());
  const pid_t child = ::fork();
  if (child == 0) {
    const auto spent = [] { return process_cpu_time(::getpid()).value(); };
    for (const auto begin = spent(); spent() < begin + 100ms;) {
    }
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  siginfo_t ended{};
  // Leaves a zombie.
  ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
  const auto of_zombie = process_tree_cpu_time(::getpid());
  ::waitpid(child, nullptr, 0);
  const auto after = process_tree_cpu_time(::getpid());
  ASSERT_TRUE(before && of_zombie && after);
  EXPECT_GE(*of_zombie - *before, 80ms);
  EXPECT_GE(*after - *before, 80ms);
}

TEST(process_tree_cpu_time, reaped_process_gives_gone) {
  forked_child child;
  const pid_t pid = child.pid();
  child.kill();
  child.reap();
  EXPECT_EQ(process_tree_cpu_time(pid).error(), process_error::gone);
}

TEST(run_queue_delay, delay_never_falls) {
  const auto before = run_queue_delay(::getpid());
  if (!before) GTEST_SKIP() << "this kernel has no /proc/PID/task/TID/schedstat";
  for (int i = 0; i < 100; ++i) std::this_thread::yield();
  EXPECT_GE(*run_queue_delay(::getpid()), *before);
}

TEST(run_queue_delay, reaped_process_gives_gone) {
  forked_child child;
  const pid_t pid = child.pid();
  child.kill();
  child.reap();
  EXPECT_EQ(run_queue_delay(pid).error(), process_error::gone);
}

TEST(processor_times, fields_are_summed_by_kind) {
  const auto times = parse_processor_times("cpu  1 2 3 40 50 6 7 8 9 10\ncpu0 1\n", 100);
  ASSERT_TRUE(times);
  EXPECT_EQ(times->total, 1170ms) << "guest time is part of user";
  EXPECT_EQ(times->idle, 900ms);
  EXPECT_EQ(times->interrupts, 130ms);
  EXPECT_EQ(times->steal, 80ms);
  EXPECT_EQ(times->unused(), 1110ms);
}

TEST(processor_times, text_without_steal_is_malformed) {
  EXPECT_EQ(parse_processor_times("cpu  1 2 3 40 50 6 7\n", 100).error(), process_error::malformed);
  EXPECT_EQ(parse_processor_times("intr 1", 100).error(), process_error::malformed);
  EXPECT_EQ(parse_processor_times("", 100).error(), process_error::malformed);
}

TEST(processor_times, are_read_from_this_kernel) {
  const auto times = read_processor_times();
  ASSERT_TRUE(times);
  EXPECT_GT(times->unused(), 0s);
  EXPECT_GT(times->total, times->unused());
}

/// The kernel counts pages in batches per CPU, so that the two files may differ by a batch.
constexpr std::uint64_t batching_bytes = 4U << 20;

TEST(resident_memory, resident_memory_agrees_with_snapshot) {
  const forked_child child;
  const auto resident = resident_reader(child.pid()).read();
  const auto snapshot = read_memory_snapshot(child.pid());
  ASSERT_TRUE(resident && snapshot);
  EXPECT_NEAR(static_cast<double>(resident->rss_bytes), static_cast<double>(snapshot->rss_bytes),
              batching_bytes);
  EXPECT_NEAR(static_cast<double>(resident->anon_bytes), static_cast<double>(snapshot->anon_bytes),
              batching_bytes);
}

TEST(resident_memory, resident_memory_follows_allocations) {
  constexpr std::size_t block_bytes = 64U << 20;
  const resident_reader reader(::getpid());
  const auto before = reader.read();
  void* block = ::mmap(nullptr, block_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  std::memset(block, 1, block_bytes);
  const auto during = reader.read();
  ::munmap(block, block_bytes);
  const auto after = reader.read();
  ASSERT_TRUE(before && during && after);
  EXPECT_GE(during->rss_bytes, before->rss_bytes + block_bytes / 2);
  EXPECT_GE(during->anon_bytes, before->anon_bytes + block_bytes / 2);
  EXPECT_LT(after->anon_bytes, before->anon_bytes + block_bytes / 2);
}

TEST(resident_memory, ended_process_has_no_memory) {
  forked_child child;
  const resident_reader reader(child.pid());
  ASSERT_TRUE(reader.read());
  child.kill();
  EXPECT_EQ(reader.read().error(), process_error::no_memory);
  const pid_t pid = child.pid();
  child.reap();
  EXPECT_EQ(reader.read().error(), process_error::gone);
  EXPECT_EQ(resident_reader(pid).read().error(), process_error::gone);
}

}  // namespace
}  // namespace farebench
