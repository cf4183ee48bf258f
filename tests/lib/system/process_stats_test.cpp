#include "lib/system/process_stats.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <thread>
#include <utility>

#include "tests/lib/system/forked_child.hpp"

namespace farebench {
namespace {

TEST(memory_snapshot, parts_of_this_process_add_up) {
  const auto snapshot = read_memory_snapshot(::getpid());
  ASSERT_TRUE(snapshot) << to_string(snapshot.error());
  EXPECT_GT(snapshot->anon_bytes, 0U);
  EXPECT_GT(snapshot->file_bytes, 0U);
  EXPECT_GT(snapshot->page_table_bytes, 0U);
  EXPECT_EQ(snapshot->rss_bytes, snapshot->anon_bytes + snapshot->file_bytes);
  EXPECT_GE(snapshot->rss_peak_bytes, snapshot->rss_bytes);
  EXPECT_GE(snapshot->threads, 1U);
}

TEST(memory_snapshot, shows_memory_that_was_allocated_and_freed) {
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

TEST(memory_snapshot, distinguishes_zombies_from_reaped_processes) {
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

TEST(memory_reader, can_be_moved) {
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

TEST(memory_reader, counts_threads) {
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

TEST(count_sockets, counts_only_sockets) {
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

TEST(count_sockets, reaped_process_is_gone) {
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

/// The kernel counts pages in batches per CPU, so that the two files may differ by a batch.
constexpr std::uint64_t batching_bytes = 4U << 20;

TEST(resident_memory, agrees_with_the_snapshot) {
  const forked_child child;
  const auto resident = resident_reader(child.pid()).read();
  const auto snapshot = read_memory_snapshot(child.pid());
  ASSERT_TRUE(resident && snapshot);
  EXPECT_NEAR(static_cast<double>(resident->rss_bytes), static_cast<double>(snapshot->rss_bytes),
              batching_bytes);
  EXPECT_NEAR(static_cast<double>(resident->anon_bytes), static_cast<double>(snapshot->anon_bytes),
              batching_bytes);
}

TEST(resident_memory, follows_allocation_and_release) {
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
