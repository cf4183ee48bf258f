#include "libcurl/send_buffers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#include "farebench/event_loop.hpp"
#include "farebench/exchange.hpp"
#include "farebench/libcurl.hpp"
#include "libcurl/options.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench {
namespace {

constexpr std::size_t block_bytes = 5 * 4096;

TEST(block_pool, allocates_nothing_before_reserve) {
  block_pool pool{block_bytes, 2};
  EXPECT_EQ(pool.allocate(), nullptr);
  EXPECT_FALSE(pool.contains(nullptr));
}

TEST(block_pool, reused_block_is_zeroed) {
  // Blocks of whole pages, and such that share one.
  for (const std::size_t bytes : {block_bytes, std::size_t{48}}) {
    block_pool pool{bytes, 2};
    ASSERT_TRUE(pool.reserve());
    auto* const block = static_cast<char*>(pool.allocate());
    auto* const other = static_cast<char*>(pool.allocate());
    ASSERT_NE(other, nullptr);
    std::memset(block, 'x', bytes);
    std::memset(other, 'y', bytes);
    pool.free(block);
    ASSERT_EQ(pool.allocate(), block) << "the only free one";
    EXPECT_EQ(std::string_view(block, bytes).find_first_not_of('\0'), std::string_view::npos);
    EXPECT_EQ(std::string_view(other, bytes).find_first_not_of('y'), std::string_view::npos);
  }
}

TEST(block_pool, blocks_are_aligned_and_disjoint) {
  block_pool pool{block_bytes, 3};
  ASSERT_TRUE(pool.reserve());
  std::vector<std::uintptr_t> addresses;
  while (void* const block = pool.allocate()) {
    EXPECT_TRUE(pool.contains(block));
    addresses.push_back(reinterpret_cast<std::uintptr_t>(block));
  }
  ASSERT_EQ(addresses.size(), 3u) << "then it is exhausted";
  std::ranges::sort(addresses);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    EXPECT_EQ(addresses[i] % 16, 0u);
    if (i > 0) {
      EXPECT_GE(addresses[i] - addresses[i - 1], block_bytes);
    }
  }
  const int other = 0;
  EXPECT_FALSE(pool.contains(&other));
}

TEST(block_pool, huge_address_space_is_refused) {
  block_pool pool{block_bytes, SIZE_MAX / block_bytes};
  EXPECT_FALSE(pool.reserve());
  EXPECT_EQ(pool.allocate(), nullptr);
}

TEST(block_pool, threads_never_share_a_block) {
  block_pool pool{block_bytes, 8};
  ASSERT_TRUE(pool.reserve());
  std::vector<std::jthread> threads;
  for (const char mark : {'a', 'b', 'c', 'd'}) {
    threads.emplace_back([&pool, mark] {
      for (int i = 0; i < 500; ++i) {
        auto* const block = static_cast<char*>(pool.allocate());
        ASSERT_NE(block, nullptr);
        EXPECT_EQ(block[100], '\0');
        block[100] = mark;
        std::this_thread::yield();
        EXPECT_EQ(block[100], mark);
        pool.free(block);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(pool.blocks_in_use(), 0u);
}

/// Sends a form. Returns whether the client's send buffer was in the pool, and is no longer.
bool pool_has_send_buffer() {
  map_send_buffers();
  const test::stub_server site{
      [](const std::string&) -> test::stub_response { return {.bytes = test::http_response(200, "", "")}; }};
  event_loop loop{libcurl_transport(), 1};
  std::size_t in_use = 0;
  {
    loop_client client{loop, {}};
    loop.start(client, exchange_request{site.url() + "/", "a=b"}, [](const exchange_result&) {});
    loop.run();
    in_use = send_buffers().blocks_in_use();
  }
  const std::size_t expected = libcurl_version() >= CURL_VERSION_BITS(8, 7, 0) ? 1 : 0;
  return in_use == expected && send_buffers().blocks_in_use() == 0;
}

// In another process, because it has no effect once libcurl is initialised.
TEST(send_buffers_death_test, client_that_sent_a_form_has_one) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::exit(pool_has_send_buffer() ? 0 : 1), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace farebench
