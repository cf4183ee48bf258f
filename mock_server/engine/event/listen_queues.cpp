#include "mock_server/engine/event/listen_queues.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "mock_server/engine/request_limits.hpp"

namespace farebench {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

void check(const error_code& failed, const std::string& call) {
  if (failed) throw std::system_error(failed, call);
}

}  // namespace

std::uint16_t listen_queues::open(const std::string& host, std::uint16_t port) {
  const std::string where = host + ":" + std::to_string(port);
  error_code failed;
  tcp::endpoint address{boost::asio::ip::make_address_v4(host, failed), port};
  check(failed, "address " + host);
  for (auto& one : all_) {
    one.open(address.protocol(), failed);
    check(failed, "socket");
    one.set_option(tcp::acceptor::reuse_address{true}, failed);
    check(failed, "setsockopt SO_REUSEADDR");
    // What it accepts inherits this (tcp(7) on Linux): without it, a page in two segments waits 44 ms.
    one.set_option(tcp::no_delay{true}, failed);
    check(failed, "setsockopt TCP_NODELAY");
    one.non_blocking(true, failed);
    check(failed, "ioctl FIONBIO");
    // The first is bound before it agrees to share, so that a port in use by another process is refused.
    const bool is_first = &one == &all_.front();
    if (is_first) {
      one.bind(address, failed);
      check(failed, "bind " + where);
      address.port(one.local_endpoint().port());
    }
    const int on = 1;
    if (::setsockopt(one.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
      throw std::system_error(errno, std::generic_category(), "setsockopt SO_REUSEPORT");
    }
    if (!is_first) {
      one.bind(address, failed);
      check(failed, "bind " + where);
    }
    one.listen(request_limits::listen_backlog, failed);
    check(failed, "listen " + where);
  }
  address_ = address;
  return address.port();
}

// On Linux shutdown() takes a socket out of listening and leaves its port with it, if it was bound to that
// very port: the first was bound to any, and loses it.
void listen_queues::stop_listening() {
  for (auto& one : all_) {
    error_code ignored;
    one.cancel(ignored);
    ::shutdown(one.native_handle(), SHUT_RDWR);
  }
}

bool listen_queues::listen_again() {
  for (auto& one : all_) {
    error_code failed;
    if (one.local_endpoint(failed).port() == 0) one.bind(address_, failed);
    if (!failed) one.listen(request_limits::listen_backlog, failed);
    if (failed) return false;
  }
  return true;
}

void listen_queues::close() {
  error_code ignored;
  for (auto& one : all_) one.close(ignored);
}

}  // namespace farebench
