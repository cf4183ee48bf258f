#include "mock_server/engines/served_site.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "lib/system/file_descriptor.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

class listening_socket : public testing::Test {
 protected:
  void listen(int backlog) {
    socket_ = file_descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_), 0);
    ASSERT_EQ(::listen(socket_.get(), backlog), 0);
    socklen_t size = sizeof address_;
    ASSERT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address_), &size), 0);
  }
  void connect(int count) {
    for (int i = 0; i < count; ++i) {
      clients_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      const int done =
          ::connect(clients_.back().get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
      ASSERT_TRUE(done == 0 || errno == EINPROGRESS) << std::strerror(errno);
    }
  }

  file_descriptor socket_;
  sockaddr_in address_{};
  std::vector<file_descriptor> clients_;
};

TEST_F(listening_socket, counts_what_its_queue_had_no_room_for) {
  listen(1);
  EXPECT_EQ(listen_drops(socket_.get()), 0u);
  connect(10);
  EXPECT_TRUE(test::wait_until([&] { return listen_drops(socket_.get()) >= 1; }));
}

TEST_F(listening_socket, drops_nothing_that_its_queue_has_room_for) {
  listen(16);
  connect(10);
  for (const auto& client : clients_) {
    pollfd connected{client.get(), POLLOUT, 0};
    ASSERT_EQ(::poll(&connected, 1, -1), 1);
  }
  EXPECT_EQ(listen_drops(socket_.get()), 0u);
}

TEST(listen_drops, throws_for_what_is_no_socket) { EXPECT_THROW(listen_drops(-1), std::system_error); }

}  // namespace
}  // namespace farebench
