#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/system/file_descriptor.hpp"
#include "libcurl/shared_http.hpp"

namespace farebench {
namespace {

int port_of(int socket, bool is_peer) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(is_peer ? getpeername(socket, generic, &size) : getsockname(socket, generic, &size), 0);
  return ntohs(address.sin_port);
}

/// Both ends of a loopback connection.
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
  bool has_unexpected_data() const {
    return farebench::has_unexpected_data(ours.get(), local_port, peer_port);
  }
};

TEST(kept_sockets, local_port_gives_socket_of_its_connection) {
  for (const int clients : {1, 2, 100, 1'000}) {
    // The kernel assigns ports in steps of one or two.
    for (const int step : {1, 2}) {
      kept_sockets kept{static_cast<std::size_t>(clients)};
      for (int i = 0; i < clients; ++i) kept.remember(32'768 + step * i, 1'000 + i);
      for (int i = 0; i < clients; ++i) ASSERT_EQ(kept.find(32'768 + step * i), 1'000 + i) << clients;
      EXPECT_EQ(kept.find(1), -1) << "unknown port";
    }
  }
}

TEST(kept_sockets, newer_connection_replaces_older_of_same_port) {
  kept_sockets kept{10};
  kept.remember(40'000, 5);
  kept.remember(40'000, 6);
  EXPECT_EQ(kept.find(40'000), 6);
}

TEST(kept_sockets, closed_connections_are_replaced) {
  // One client that reconnects each time: the entries of its closed connections remain.
  kept_sockets kept{1};
  for (int i = 0; i < 100; ++i) {
    const connection current;
    kept.remember(current.local_port, current.ours.get());
    ASSERT_EQ(kept.find(current.local_port), current.ours.get()) << i;
  }
}

TEST(has_unexpected_data, bytes_or_end_of_stream_are_unexpected) {
  connection pair;
  EXPECT_FALSE(pair.has_unexpected_data());
  ASSERT_EQ(send(pair.theirs.get(), "x", 1, 0), 1);
  EXPECT_TRUE(pair.has_unexpected_data());
  char byte = 0;
  ASSERT_EQ(recv(pair.ours.get(), &byte, 1, 0), 1) << "the byte must stay in the socket";
  EXPECT_FALSE(pair.has_unexpected_data());
  pair.theirs.reset();
  EXPECT_TRUE(pair.has_unexpected_data());
}

TEST(has_unexpected_data, reset_is_unexpected) {
  connection pair;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(pair.theirs.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  pair.theirs.reset();
  EXPECT_TRUE(pair.has_unexpected_data());
}

TEST(has_unexpected_data, socket_of_another_connection_is_not_reported) {
  connection pair;
  ASSERT_EQ(send(pair.theirs.get(), "x", 1, 0), 1);
  EXPECT_FALSE(has_unexpected_data(pair.ours.get(), pair.local_port + 1, pair.peer_port));
  EXPECT_FALSE(has_unexpected_data(pair.ours.get(), pair.local_port, pair.peer_port + 1));
  EXPECT_FALSE(has_unexpected_data(-1, pair.local_port, pair.peer_port));
  EXPECT_FALSE(has_unexpected_data(STDIN_FILENO, pair.local_port, pair.peer_port));
}

}  // namespace
}  // namespace farebench
