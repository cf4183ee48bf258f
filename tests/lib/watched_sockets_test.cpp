#include "libcurl/watched_sockets.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <system_error>
#include <thread>

namespace farebench {
namespace {

constexpr std::uint32_t owner = 7;

/// Watches one end of a socket pair.
class watched_sockets_test : public testing::Test {
 protected:
  watched_sockets_test() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      throw std::system_error{errno, std::generic_category(), "socketpair"};
    }
    ours_ = file_descriptor{ends[0]};
    theirs_ = file_descriptor{ends[1]};
  }

  void send() { ASSERT_EQ(::send(theirs_.get(), "x", 1, MSG_NOSIGNAL), 1); }

  watched_sockets sockets_;
  file_descriptor ours_;
  file_descriptor theirs_;
};

TEST_F(watched_sockets_test, event_has_its_socket_and_owner) {
  ASSERT_EQ(sockets_.watch(ours_.get(), EPOLLIN, owner), 0);
  EXPECT_TRUE(sockets_.wait(0).empty());
  send();
  const auto events = sockets_.wait(1000);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].socket, ours_.get());
  EXPECT_EQ(events[0].owner, owner);
  EXPECT_EQ(events[0].events, std::uint32_t{EPOLLIN});
}

TEST_F(watched_sockets_test, second_watch_changes_the_events) {
  ASSERT_EQ(sockets_.watch(ours_.get(), EPOLLIN, owner), 0);
  ASSERT_EQ(sockets_.watch(ours_.get(), EPOLLOUT, owner), 0);
  const auto events = sockets_.wait(1000);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].events, std::uint32_t{EPOLLOUT});
}

TEST_F(watched_sockets_test, unwatched_event_is_dropped) {
  ASSERT_EQ(sockets_.watch(ours_.get(), EPOLLIN, owner), 0);
  ASSERT_EQ(sockets_.watch(ours_.get(), 0, owner), 0);
  send();
  EXPECT_TRUE(sockets_.wait(0).empty());
  // Removed from epoll, which would otherwise end this wait at once.
  EXPECT_TRUE(sockets_.wait(20).empty());
}

TEST_F(watched_sockets_test, rewatched_socket_reports_events_again) {
  for (const bool had_event : {false, true, false, true}) {
    ASSERT_EQ(sockets_.watch(ours_.get(), 0, owner), 0);
    if (had_event) {
      send();
      EXPECT_TRUE(sockets_.wait(0).empty());
    }
    ASSERT_EQ(sockets_.watch(ours_.get(), EPOLLIN, owner + 1), 0);
    if (!had_event) send();
    const auto events = sockets_.wait(1000);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].owner, owner + 1);
    char byte = 0;
    ASSERT_EQ(recv(ours_.get(), &byte, 1, 0), 1);
  }
}

TEST_F(watched_sockets_test, forgotten_number_may_be_watched_again) {
  const int number = ours_.get();
  ASSERT_EQ(sockets_.watch(number, EPOLLIN, owner), 0);
  sockets_.forget(number);
  ours_.reset();
  // dup returns the lowest free number. This end is readable, because its peer is closed.
  const file_descriptor other{dup(theirs_.get())};
  ASSERT_EQ(other.get(), number);
  EXPECT_TRUE(sockets_.wait(0).empty());
  ASSERT_EQ(sockets_.watch(number, EPOLLIN, owner), 0);
  EXPECT_EQ(sockets_.wait(1000).size(), 1u);
}

TEST_F(watched_sockets_test, inherited_copy_of_closed_socket_is_not_reported) {
  ASSERT_EQ(sockets_.watch(ours_.get(), EPOLLIN, owner), 0);
  // A child process would hold such a copy.
  const file_descriptor copy{dup(ours_.get())};
  const int number = ours_.get();
  sockets_.forget(number);
  ours_.reset();
  const file_descriptor other{dup(theirs_.get())};
  ASSERT_EQ(other.get(), number);
  ASSERT_EQ(sockets_.watch(number, EPOLLIN, owner), 0);
  // Readable by the copy alone.
  send();
  EXPECT_TRUE(sockets_.wait(20).empty());
}

TEST_F(watched_sockets_test, failed_watch_returns_its_errno) {
  const int number = theirs_.get();
  theirs_.reset();
  EXPECT_EQ(sockets_.watch(number, EPOLLIN, owner), EBADF);
}

TEST_F(watched_sockets_test, wake_up_by_other_thread_ends_wait) {
  const std::jthread waker{[this] { sockets_.wake_up(); }};
  EXPECT_TRUE(sockets_.wait(-1).empty());
}

}  // namespace
}  // namespace farebench
