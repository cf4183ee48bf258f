#include "tests/support/stub_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace farebench::test {
namespace {

std::pair<int, int> bind_free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error{"no free loopback port"};
  }
  return {fd, ntohs(address.sin_port)};
}

std::string url_of(int port) { return fmt::format("http://127.0.0.1:{}", port); }

/// How many bytes the first whole request in `text` has, or 0 when it is not whole yet.
std::size_t whole_request(const std::string& text) {
  const auto head = text.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  std::size_t body = 0;
  constexpr std::string_view field = "Content-Length: ";
  if (const auto at = text.find(field); at < head) {
    std::from_chars(text.data() + at + field.size(), text.data() + head, body);
  }
  const std::size_t whole = head + 4 + body;
  return text.size() >= whole ? whole : 0;
}

}  // namespace

stub_server::stub_server(handler answer) : answer_{std::move(answer)} {
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

void stub_server::accept_connections() {
  while (!stopping_) {
    const int socket = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    const std::lock_guard lock{mutex_};
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void stub_server::serve(int socket) {
  std::string received;
  std::array<char, 4096> piece;
  bool open = true;
  while (open) {
    const auto count = recv(socket, piece.data(), piece.size(), 0);
    if (count <= 0) break;
    received.append(piece.data(), static_cast<std::size_t>(count));
    while (const std::size_t size = open ? whole_request(received) : 0) {
      const stub_answer answer = answer_(received.substr(0, size));
      received.erase(0, size);
      if (answer.never) continue;
      std::string_view rest = answer.bytes;
      const bool dribbles = answer.between_bytes.count() > 0;
      while (!rest.empty()) {
        const auto sent = send(socket, rest.data(), dribbles ? 1 : rest.size(), MSG_NOSIGNAL);
        if (sent <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(sent));
        if (dribbles) std::this_thread::sleep_for(answer.between_bytes);
      }
      if (!answer.later.empty()) {
        std::this_thread::sleep_for(answer.before_later);
        send(socket, answer.later.data(), answer.later.size(), MSG_NOSIGNAL);
      }
      if (answer.close_after || !rest.empty()) open = false;
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

std::string url_of_closed_port() {
  const auto [fd, port] = bind_free_port();
  close(fd);
  return url_of(port);
}

}  // namespace farebench::test
