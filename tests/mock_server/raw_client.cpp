#include "tests/mock_server/raw_client.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace farebench {
namespace {

void check(ssize_t result, const char* call) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), call);
}

}  // namespace

raw_client::raw_client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  check(socket_.get(), "socket");
  const timeval timeout{.tv_sec = 60, .tv_usec = 0};
  check(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), "setsockopt");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  check(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
}

void raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    check(count, "send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

bool raw_client::receive_more() {
  std::array<char, 4096> bytes;
  const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
  // Also RST: the server closed before it had read all that was sent.
  was_reset_ = count < 0 && errno == ECONNRESET;
  if (was_reset_) return false;
  check(count, "recv");
  received_.append(bytes.data(), static_cast<std::size_t>(count));
  return count > 0;
}

std::string raw_client::take(std::size_t bytes) {
  std::string text = received_.substr(0, bytes);
  received_.erase(0, text.size());
  return text;
}

std::string raw_client::receive_until(std::string_view end) {
  std::size_t begin;
  while ((begin = received_.find(end)) == std::string::npos && receive_more()) {
  }
  return take(begin == std::string::npos ? received_.size() : begin + end.size());
}

std::string raw_client::receive_response() {
  std::string response = receive_until("\r\n\r\n");
  constexpr std::string_view name = "Content-Length: ";
  const std::size_t at = response.find(name);
  const std::size_t size = at == std::string::npos ? 0 : std::stoul(response.substr(at + name.size()));
  return response + receive_exactly(size);
}

std::string raw_client::receive_at_least(std::size_t bytes) {
  while (received_.size() < bytes && receive_more()) {
  }
  return std::exchange(received_, {});
}

std::string raw_client::receive_exactly(std::size_t bytes) {
  while (received_.size() < bytes && receive_more()) {
  }
  return take(bytes);
}

bool raw_client::wait_readable(std::chrono::milliseconds timeout) const {
  pollfd socket{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  return ::poll(&socket, 1, static_cast<int>(timeout.count())) > 0;
}

void raw_client::close_sending() { check(::shutdown(socket_.get(), SHUT_WR), "shutdown"); }

std::string raw_client::receive_all() {
  while (receive_more()) {
  }
  return std::exchange(received_, {});
}

}  // namespace farebench
