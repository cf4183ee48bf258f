#include "mock_server/site/site.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace farebench {
namespace {

TEST(session_store, knows_the_sessions_that_it_started_and_no_others) {
  session_store sessions;
  const std::string id = sessions.start().id;
  EXPECT_TRUE(sessions.ordinal_of(id));
  EXPECT_FALSE(sessions.ordinal_of(""));
  EXPECT_FALSE(sessions.ordinal_of(id.substr(1)));
  EXPECT_FALSE(sessions.ordinal_of(id + "0"));
  EXPECT_FALSE(sessions.ordinal_of(std::string(32, 'x')));
  EXPECT_FALSE(sessions.ordinal_of(std::string(32, '0')));
}

TEST(session_store, never_gives_an_id_twice) {
  session_store sessions;
  std::set<std::string> ids;
  for (int i = 0; i < 10'000; ++i) ids.insert(sessions.start().id);
  EXPECT_EQ(ids.size(), 10'000u);
  EXPECT_EQ(sessions.started(), 10'000u);
}

TEST(session_store, ends_the_oldest_when_full_and_counts_all) {
  session_store sessions{3};
  std::vector<std::string> ids;
  for (std::uint64_t i = 0; i < 8; ++i) {
    const auto started = sessions.start();
    EXPECT_EQ(started.ordinal, i);
    EXPECT_EQ(sessions.ordinal_of(started.id), i);
    ids.push_back(started.id);
  }
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(sessions.ordinal_of(ids[static_cast<std::size_t>(i)]).has_value(), i >= 5) << i;
  EXPECT_EQ(sessions.ordinal_of(ids[0]), std::nullopt);
  EXPECT_EQ(sessions.started(), 8u);
}

TEST(session_store, can_be_used_by_many_threads) {
  session_store sessions{64};
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) sessions.ordinal_of(sessions.start().id);
    });
  }
  threads.clear();
  EXPECT_EQ(sessions.started(), 8'000u);
}

}  // namespace
}  // namespace farebench
