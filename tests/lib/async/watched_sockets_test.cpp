#include "async/watched_sockets.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <system_error>
#include <thread>

namespace farebench {
namespace {

constexpr std::uint32_t owner = 7;

/// A connected pair, of which one end is watched.
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

TEST_F(watched_sockets_test, tell_what_is_wanted_and_whose_it_is) {
  ASSERT_EQ(sockets_.watch(ours_.get(), EPOLLIN, owner), 0);
  EXPECT_TRUE(sockets_.wait(0).empty());
  send();
  const auto events = sockets_.wait(1000);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].socket, ours_.get());
  EXPECT_EQ(events[0].owner, owner);
  EXPECT_EQ(events[0].events, std::uint32_t{EPOLLIN});
}

TEST_F(watched_sockets_test, tell_other_events_when_others_are_wanted) {
  ASSERT_EQ(sockets_.watch(ours_.get(), EPOLLIN, owner), 0);
  ASSERT_EQ(sockets_.watch(ours_.get(), EPOLLOUT, owner), 0);
  const auto events = sockets_.wait(1000);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].events, std::uint32_t{EPOLLOUT});
}

TEST_F(watched_sockets_test, are_silent_about_what_nobody_wants) {
  ASSERT_EQ(sockets_.watch(ours_.get(), EPOLLIN, owner), 0);
  ASSERT_EQ(sockets_.watch(ours_.get(), 0, owner), 0);
  send();
  EXPECT_TRUE(sockets_.wait(0).empty());
  // It is out of epoll now, which would report it again and again: a wait that sleeps finds nothing to do.
  EXPECT_TRUE(sockets_.wait(20).empty());
}

TEST_F(watched_sockets_test, tell_again_what_is_wanted_again) {
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

TEST_F(watched_sockets_test, do_not_take_a_new_socket_for_the_old_one_of_its_number) {
  const int number = ours_.get();
  ASSERT_EQ(sockets_.watch(number, EPOLLIN, owner), 0);
  sockets_.forget(number);
  ours_.reset();
  const file_descriptor other{dup(theirs_.get())};  // the lowest free number, and readable: its peer is gone
  ASSERT_EQ(other.get(), number);
  EXPECT_TRUE(sockets_.wait(0).empty());
  ASSERT_EQ(sockets_.watch(number, EPOLLIN, owner), 0);
  EXPECT_EQ(sockets_.wait(1000).size(), 1u);
}

TEST_F(watched_sockets_test, are_silent_about_one_that_is_closed_here_and_still_open_elsewhere) {
  ASSERT_EQ(sockets_.watch(ours_.get(), EPOLLIN, owner), 0);
  const file_descriptor copy{dup(ours_.get())};  // as a child process has
  const int number = ours_.get();
  sockets_.forget(number);
  ours_.reset();
  const file_descriptor other{dup(theirs_.get())};
  ASSERT_EQ(other.get(), number);
  ASSERT_EQ(sockets_.watch(number, EPOLLIN, owner), 0);
  send();  // readable by the copy alone
  EXPECT_TRUE(sockets_.wait(20).empty());
}

TEST_F(watched_sockets_test, name_the_reason_when_a_socket_cannot_be_watched) {
  const int number = theirs_.get();
  theirs_.reset();
  EXPECT_EQ(sockets_.watch(number, EPOLLIN, owner), EBADF);
}

TEST_F(watched_sockets_test, are_woken_up_from_another_thread) {
  const std::jthread waker{[this] { sockets_.wake_up(); }};
  EXPECT_TRUE(sockets_.wait(-1).empty());
}

}  // namespace
}  // namespace farebench
