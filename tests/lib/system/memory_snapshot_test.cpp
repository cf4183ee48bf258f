#include "lib/system/process_memory.hpp"

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

TEST(memory_snapshot, of_this_process_adds_up) {
  const auto snapshot = read_memory_snapshot(::getpid());
  ASSERT_TRUE(snapshot) << to_string(snapshot.error());
  EXPECT_GT(snapshot->anon_bytes, 0U);
  EXPECT_GT(snapshot->file_bytes, 0U);
  EXPECT_GT(snapshot->page_table_bytes, 0U);
  EXPECT_EQ(snapshot->rss_bytes, snapshot->anon_bytes + snapshot->file_bytes);
  EXPECT_GE(snapshot->rss_peak_bytes, snapshot->rss_bytes);
  EXPECT_GE(snapshot->threads, 1U);
}

TEST(memory_snapshot, shows_what_a_child_took_and_gave_back) {
  constexpr std::size_t taken = 32U << 20;
  const forked_child plain;
  const forked_child fat([] {
    // Not the heap, which a sanitizer's allocator keeps.
    void* block = ::mmap(nullptr, taken, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) ::_exit(1);
    std::memset(block, 1, taken);
    ::munmap(block, taken);
  });
  const auto small = read_memory_snapshot(plain.pid());
  const auto big = read_memory_snapshot(fat.pid());
  ASSERT_TRUE(small && big);
  EXPECT_GE(big->rss_peak_bytes, small->rss_peak_bytes + taken / 2);
  EXPECT_LT(big->anon_bytes, small->anon_bytes + taken / 2);
}

TEST(memory_snapshot, tells_a_zombie_from_a_process_that_has_gone) {
  forked_child child;
  const memory_reader reader(child.pid());
  const pid_t pid = child.pid();
  ASSERT_TRUE(reader.read());

  child.kill();
  EXPECT_EQ(reader.read().error(), memory_error::zombie);
  EXPECT_EQ(read_memory_snapshot(pid).error(), memory_error::zombie);

  child.reap();
  EXPECT_EQ(reader.read().error(), memory_error::gone);
  EXPECT_EQ(read_memory_snapshot(pid).error(), memory_error::gone);
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
  EXPECT_EQ(moved.read().error(), memory_error::gone);
}

TEST(memory_reader, counts_threads) {
  const auto wait = [](const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::yield();
  };
  const memory_reader reader(::getpid());
  const std::jthread first(wait);  // may bring a sanitizer's own along
  const auto before = reader.read()->threads;
  const std::jthread second(wait);
  EXPECT_EQ(reader.read()->threads, before + 1);
}

TEST(count_sockets, counts_sockets_and_no_other_descriptors) {
  const forked_child child([] {
    int pair[2];
    int both_pipe_ends[2];
    bool made = ::pipe(both_pipe_ends) == 0;
    for (int i = 0; i < 3; ++i) made = made && ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0;
    if (!made) ::_exit(1);
  });
  const forked_child plain;
  const auto sockets = count_sockets(child.pid());
  const auto inherited = count_sockets(plain.pid());
  ASSERT_TRUE(sockets && inherited);
  EXPECT_EQ(*sockets, *inherited + 6);
}

TEST(count_sockets, of_an_ended_process_is_gone) {
  forked_child child;
  const pid_t pid = child.pid();
  child.kill();
  const auto of_zombie = count_sockets(pid);
  EXPECT_EQ(of_zombie.value_or(0), 0U);
  child.reap();
  const auto of_nobody = count_sockets(pid);
  ASSERT_FALSE(of_nobody);
  EXPECT_EQ(of_nobody.error(), memory_error::gone);
}

}  // namespace
}  // namespace farebench
