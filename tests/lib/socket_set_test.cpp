#include "native/socket_set.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "farebench/fetch_policy.hpp"
#include "lib/system/file_descriptor.hpp"
#include "native/native_client.hpp"
#include "native/native_loop.hpp"

namespace farebench {
namespace {

/// Socket and its peer, which do not block.
class connected_pair {
 public:
  connected_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
      throw_system_error("socketpair");
    own_ = file_descriptor{ends[0]};
    peer_ = file_descriptor{ends[1]};
  }

  int socket() const { return own_.get(); }
  void send_from_peer(std::string_view bytes) {
    EXPECT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  void close_peer() { peer_ = file_descriptor{}; }

  /// Sends until the socket's buffer is full.
  void fill() {
    const std::string bytes(65'536, 'x');
    while (::send(own_.get(), bytes.data(), bytes.size(), 0) > 0) {
    }
    EXPECT_EQ(errno, EAGAIN);
  }
  /// Receives all that `fill` has sent.
  void drain() {
    std::string bytes(65'536, '\0');
    while (::recv(peer_.get(), bytes.data(), bytes.size(), 0) > 0) {
    }
    EXPECT_EQ(errno, EAGAIN);
  }

 private:
  file_descriptor own_;
  file_descriptor peer_;
};

/// A client, which is not used.
struct socket_owner {
  std::unique_ptr<native_loop> loop = native_loop::create_for_one();
  mutable native_client client{*loop, fetch_limits{}};
};

template <typename Set>
class socket_set_test : public testing::Test {
 protected:
  int add(int socket, bool writes) { return set_.add(socket, owner_.client, writes); }

  /// Waits for events that exist already. Returns those of `socket`, 0 without any.
  std::uint32_t events_of(int socket) {
    std::uint32_t events = 0;
    for (const auto& event : set_.wait(0)) {
      EXPECT_EQ(event.socket, socket);
      EXPECT_EQ(set_.owner_of(event.socket), &owner_.client);
      events |= event.events;
    }
    return events;
  }

  const socket_owner owner_;
  Set set_;
  connected_pair pair_;
};

using socket_sets = testing::Types<epoll_set, poll_set>;
TYPED_TEST_SUITE(socket_set_test, socket_sets);

TYPED_TEST(socket_set_test, empty_set_has_no_events) { EXPECT_TRUE(this->set_.wait(0).empty()); }

TYPED_TEST(socket_set_test, input_before_add_is_reported) {
  auto& pair = this->pair_;
  pair.send_from_peer("x");
  ASSERT_EQ(this->add(pair.socket(), false), 0);
  EXPECT_EQ(this->events_of(pair.socket()), std::uint32_t{EPOLLIN});
}

TYPED_TEST(socket_set_test, input_after_add_ends_the_wait) {
  auto& pair = this->pair_;
  ASSERT_EQ(this->add(pair.socket(), false), 0);
  EXPECT_EQ(this->events_of(pair.socket()), 0u);
  std::thread peer{[&] { pair.send_from_peer("x"); }};
  const auto events = this->set_.wait(60'000);
  peer.join();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events.front().socket, pair.socket());
}

TYPED_TEST(socket_set_test, writable_socket_is_reported_if_wanted) {
  auto& pair = this->pair_;
  ASSERT_EQ(this->add(pair.socket(), true), 0);
  EXPECT_EQ(this->events_of(pair.socket()), std::uint32_t{EPOLLOUT});
}

TYPED_TEST(socket_set_test, full_socket_is_reported_once_writable) {
  auto& pair = this->pair_;
  ASSERT_EQ(this->add(pair.socket(), false), 0);
  pair.fill();
  ASSERT_EQ(this->set_.change(pair.socket(), true), 0);
  EXPECT_EQ(this->events_of(pair.socket()), 0u);
  pair.drain();
  EXPECT_EQ(this->events_of(pair.socket()), std::uint32_t{EPOLLOUT});
  ASSERT_EQ(this->set_.change(pair.socket(), false), 0);
  EXPECT_EQ(this->events_of(pair.socket()), 0u);
}

TYPED_TEST(socket_set_test, closed_peer_is_reported) {
  auto& pair = this->pair_;
  ASSERT_EQ(this->add(pair.socket(), false), 0);
  pair.close_peer();
  EXPECT_EQ(this->events_of(pair.socket()) & EPOLLRDHUP, std::uint32_t{EPOLLRDHUP});
}

TYPED_TEST(socket_set_test, closed_socket_is_not_reported) {
  ASSERT_EQ(this->add(this->pair_.socket(), false), 0);
  {
    connected_pair closed;
    closed.send_from_peer("x");
    ASSERT_EQ(this->add(closed.socket(), false), 0);
    this->set_.remove(closed.socket());
  }
  this->pair_.send_from_peer("x");
  EXPECT_EQ(this->events_of(this->pair_.socket()), std::uint32_t{EPOLLIN});
}

TYPED_TEST(socket_set_test, all_ready_sockets_are_reported) {
  // More than one wait of the epoll_set returns.
  std::vector<connected_pair> pairs(300);
  for (auto& pair : pairs) {
    ASSERT_EQ(this->add(pair.socket(), false), 0);
    pair.send_from_peer("x");
  }
  std::vector<int> sockets;
  while (sockets.size() < pairs.size()) {
    const auto events = this->set_.wait(0);
    ASSERT_FALSE(events.empty());
    for (const auto& event : events) sockets.push_back(event.socket);
  }
  std::ranges::sort(sockets);
  EXPECT_EQ(std::ranges::adjacent_find(sockets), sockets.end());
}

TEST(epoll_set, input_is_reported_once) {
  const socket_owner owner;
  epoll_set set;
  connected_pair pair;
  ASSERT_EQ(set.add(pair.socket(), owner.client, false), 0);
  pair.send_from_peer("x");
  EXPECT_EQ(set.wait(0).size(), 1u);
  EXPECT_EQ(set.wait(0).size(), 0u);
  pair.send_from_peer("y");
  EXPECT_EQ(set.wait(0).size(), 1u);
}

TEST(epoll_set, file_gives_errno) {
  const socket_owner owner;
  epoll_set set;
  const file_descriptor file{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  EXPECT_EQ(set.add(file.get(), owner.client, false), EPERM);
}

TEST(epoll_set, wake_up_ends_current_or_next_wait) {
  const socket_owner owner;
  epoll_set set;
  set.wake_up();
  set.wake_up();
  EXPECT_TRUE(set.wait(-1).empty());
  std::thread waking{[&] { set.wake_up(); }};
  EXPECT_TRUE(set.wait(-1).empty());
  waking.join();
  EXPECT_TRUE(set.wait(0).empty());
}

}  // namespace
}  // namespace farebench
