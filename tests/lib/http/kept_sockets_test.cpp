#include "http/shared_http.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "lib/system/file_descriptor.hpp"

namespace farebench {
namespace {

int port_of(int socket, bool of_peer) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(of_peer ? getpeername(socket, generic, &size) : getsockname(socket, generic, &size), 0);
  return ntohs(address.sin_port);
}

/// Two ends of a connection on the loopback.
struct connection {
  file_descriptor ours{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  file_descriptor theirs;
  int local_port = 0;
  int peer_port = 0;

  connection() {
    const file_descriptor listener{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener.get(), generic, size), 0);
    EXPECT_EQ(listen(listener.get(), 1), 0);
    EXPECT_EQ(getsockname(listener.get(), generic, &size), 0);
    EXPECT_EQ(connect(ours.get(), generic, size), 0);
    theirs = file_descriptor{accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    local_port = port_of(ours.get(), false);
    peer_port = port_of(ours.get(), true);
  }
  bool holds_unasked() const { return farebench::holds_unasked(ours.get(), local_port, peer_port); }
};

TEST(kept_sockets, knows_the_sockets_of_all_its_connections) {
  for (const int clients : {1, 2, 100, 1'000}) {
    for (const int step : {1, 2}) {  // in which the kernel gives ports out
      kept_sockets kept{static_cast<std::size_t>(clients)};
      for (int i = 0; i < clients; ++i) kept.remember(32'768 + step * i, 1'000 + i);
      for (int i = 0; i < clients; ++i) ASSERT_EQ(kept.find(32'768 + step * i), 1'000 + i) << clients;
      EXPECT_EQ(kept.find(1), -1) << "no connection's";
    }
  }
}

TEST(kept_sockets, goes_by_the_latest_connection_of_a_port) {
  kept_sockets kept{10};
  kept.remember(40'000, 5);
  kept.remember(40'000, 6);
  EXPECT_EQ(kept.find(40'000), 6);
}

TEST(kept_sockets, makes_room_by_what_is_gone) {
  // One client that connects anew each time: its old connections are closed, and were never taken back.
  kept_sockets kept{1};
  for (int i = 0; i < 100; ++i) {
    const connection one;
    kept.remember(one.local_port, one.ours.get());
    ASSERT_EQ(kept.find(one.local_port), one.ours.get()) << i;
  }
}

TEST(holds_unasked, is_said_of_bytes_and_of_an_end_and_not_of_silence) {
  connection one;
  EXPECT_FALSE(one.holds_unasked());
  ASSERT_EQ(send(one.theirs.get(), "x", 1, 0), 1);
  EXPECT_TRUE(one.holds_unasked());
  char byte = 0;
  ASSERT_EQ(recv(one.ours.get(), &byte, 1, 0), 1) << "it was only looked at";
  EXPECT_FALSE(one.holds_unasked());
  one.theirs.reset();
  EXPECT_TRUE(one.holds_unasked());
}

TEST(holds_unasked, is_said_of_a_connection_that_was_reset) {
  connection one;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(one.theirs.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  one.theirs.reset();
  EXPECT_TRUE(one.holds_unasked());
}

TEST(holds_unasked, is_not_said_of_a_number_that_is_another_connections_by_now) {
  connection one;
  ASSERT_EQ(send(one.theirs.get(), "x", 1, 0), 1);
  EXPECT_FALSE(holds_unasked(one.ours.get(), one.local_port + 1, one.peer_port));
  EXPECT_FALSE(holds_unasked(one.ours.get(), one.local_port, one.peer_port + 1));
  EXPECT_FALSE(holds_unasked(-1, one.local_port, one.peer_port));
  EXPECT_FALSE(holds_unasked(STDIN_FILENO, one.local_port, one.peer_port));
}

}  // namespace
}  // namespace farebench
