#include "tests/support/stub_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "tests/support/waiting.hpp"

namespace farebench::test {
namespace {

sockaddr_in loopback_address(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<in_port_t>(port));
  return address;
}

/// Returns a bound socket and its port.
std::pair<int, int> bind_free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback_address(0);
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error{"no free loopback port"};
  }
  return {fd, ntohs(address.sin_port)};
}

std::string url_of(int port) { return fmt::format("http://127.0.0.1:{}", port); }

/// Size of the first request in `text`, or 0 while it is incomplete. Without `has_body`, that of its header.
std::size_t request_size(const std::string& text, bool has_body) {
  const auto head = text.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  std::size_t body = 0;
  constexpr std::string_view field = "Content-Length: ";
  if (const auto at = text.find(field); has_body && at < head) {
    std::from_chars(text.data() + at + field.size(), text.data() + head, body);
  }
  const std::size_t size = head + 4 + body;
  return text.size() >= size ? size : 0;
}

/// Returns whether the connection stays open.
bool send_response(int socket, const stub_response& response) {
  if (response.no_response) return true;
  std::string_view rest = response.bytes;
  while (!rest.empty()) {
    const auto size = response.write_bytes > 0 ? std::min(response.write_bytes, rest.size()) : rest.size();
    const auto sent = send(socket, rest.data(), size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(sent));
    if (response.write_interval.count() > 0) std::this_thread::sleep_for(response.write_interval);
  }
  if (response.reset_after) {
    const linger none{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  }
  return !response.close_after && !response.reset_after;
}

}  // namespace

stub_server::stub_server(handler respond, bool reads_bodies)
    : respond_{std::move(respond)}, reads_bodies_{reads_bodies} {
  std::tie(listening_, port_) = bind_free_port();
  if (listen(listening_, 512) != 0) throw std::runtime_error{"listen"};
  acceptor_ = std::thread{[this] { accept_connections(); }};
}

stub_server::~stub_server() {
  stopping_ = true;
  shutdown(listening_, SHUT_RDWR);  // wakes accept
  acceptor_.join();
  close(listening_);
  {
    const std::lock_guard lock{mutex_};
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  }
  for (auto& thread : threads_) thread.join();
}

std::string stub_server::url() const { return url_of(port_); }

void stub_server::wait_until_delivered() {
  if (!wait_until([this] { return is_delivered(); }))
    throw std::runtime_error{"a response was not delivered"};
}

std::size_t stub_server::open_connections() {
  const std::lock_guard lock{mutex_};
  return sockets_.size();
}

std::size_t stub_server::accepted_connections() {
  const std::lock_guard lock{mutex_};
  return threads_.size();
}

void stub_server::push(std::string_view bytes, bool are_urgent) {
  {
    const std::lock_guard lock{mutex_};
    const int flags = MSG_NOSIGNAL | (are_urgent ? MSG_OOB : 0);
    for (const int socket : sockets_) send(socket, bytes.data(), bytes.size(), flags);
  }
  wait_until_delivered();
}

bool stub_server::is_delivered() {
  if (pending_ > 0) return false;
  const std::lock_guard lock{mutex_};
  return std::ranges::all_of(sockets_, [](int socket) {
    int unacknowledged_bytes = 0;
    return ioctl(socket, SIOCOUTQ, &unacknowledged_bytes) == 0 && unacknowledged_bytes == 0;
  });
}

void stub_server::accept_connections() {
  while (!stopping_) {
    const int socket = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) {
      std::this_thread::yield();
      continue;
    }
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock{mutex_};
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void stub_server::serve(int socket) {
  std::string received;
  std::array<char, 4096> buffer;
  bool open = true;
  while (open) {
    const auto count = recv(socket, buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    received.append(buffer.data(), static_cast<std::size_t>(count));
    while (const std::size_t size = open ? request_size(received, reads_bodies_) : 0) {
      ++pending_;
      open = send_response(socket, respond_(received.substr(0, size)));
      received.erase(0, size);
      --pending_;
    }
  }
  const std::lock_guard lock{mutex_};
  sockets_.remove(socket);
  close(socket);
}

std::string http_response(int status, const std::string& extra_headers, const std::string& body) {
  return fmt::format("HTTP/1.1 {} X\r\nContent-Type: text/html\r\nContent-Length: {}\r\n{}\r\n{}", status,
                     body.size(), extra_headers, body);
}

std::string page_with(const std::string& rows) {
  return "<html><body><div class='results'>" + rows + "</div></body></html>";
}

full_listener::full_listener() : queued_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  const auto [listening, port] = bind_free_port();
  listening_ = file_descriptor{listening};
  port_ = port;
  const sockaddr_in address = loopback_address(port);
  if (listen(listening, 0) != 0 ||
      connect(queued_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error{"cannot fill a listen queue"};
  }
}

std::string full_listener::url() const { return url_of(port_); }

std::string url_of_closed_port() {
  // Bound for the life of the process, so that no other process listens on the port.
  static const int port = bind_free_port().second;
  return url_of(port);
}

}  // namespace farebench::test
