#include "lib/system/process_memory.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "tests/lib/system/forked_child.hpp"

namespace farebench {
namespace {

/// The kernel counts pages in batches a CPU and may tell the two files differently by what is in them.
constexpr std::uint64_t batching_bytes = 4U << 20;

TEST(resident_memory, agrees_with_the_snapshot) {
  const forked_child child;
  const auto cheap = resident_reader(child.pid()).read();
  const auto whole = read_memory_snapshot(child.pid());
  ASSERT_TRUE(cheap && whole);
  EXPECT_NEAR(static_cast<double>(cheap->rss_bytes), static_cast<double>(whole->rss_bytes), batching_bytes);
  EXPECT_NEAR(static_cast<double>(cheap->anon_bytes), static_cast<double>(whole->anon_bytes), batching_bytes);
}

TEST(resident_memory, follows_what_is_taken_and_given_back) {
  constexpr std::size_t taken = 64U << 20;
  const resident_reader reader(::getpid());
  const auto before = reader.read();
  void* block = ::mmap(nullptr, taken, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  std::memset(block, 1, taken);
  const auto with = reader.read();
  ::munmap(block, taken);
  const auto after = reader.read();
  ASSERT_TRUE(before && with && after);
  EXPECT_GE(with->rss_bytes, before->rss_bytes + taken / 2);
  EXPECT_GE(with->anon_bytes, before->anon_bytes + taken / 2);
  EXPECT_LT(after->anon_bytes, before->anon_bytes + taken / 2);
}

TEST(resident_memory, ends_with_its_process) {
  forked_child child;
  const resident_reader reader(child.pid());
  ASSERT_TRUE(reader.read());
  child.kill();
  EXPECT_EQ(reader.read().error(), memory_error::no_memory);
  const pid_t pid = child.pid();
  child.reap();
  EXPECT_EQ(reader.read().error(), memory_error::gone);
  EXPECT_EQ(resident_reader(pid).read().error(), memory_error::gone);
}

}  // namespace
}  // namespace farebench
