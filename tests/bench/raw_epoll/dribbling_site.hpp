#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "lib/system/file_descriptor.hpp"

namespace farebench::test {

/// A site for one connection that writes its answers a few bytes at a time, so that heads, bodies and rows
/// arrive in pieces. It answers requests with `answers`, in turn, then ends. Its client must be there before
/// it is destroyed.
class dribbling_site {
 public:
  dribbling_site(const std::array<std::string, 2>& answers, std::size_t piece_bytes)
      : listening_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) {
      throw std::system_error{errno, std::generic_category(), "bind"};
    }
    getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    listen(listening_.get(), 1);
    port_ = ntohs(address.sin_port);
    serving_ = std::jthread{[this, answers, piece_bytes] { serve(answers, piece_bytes); }};
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void serve(const std::array<std::string, 2>& answers, std::size_t piece_bytes) const {
    const file_descriptor peer{accept(listening_.get(), nullptr, nullptr)};
    const int on = 1;
    setsockopt(peer.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (const auto& answer : answers) {
      std::array<char, 4096> request;
      if (recv(peer.get(), request.data(), request.size(), 0) <= 0) return;
      for (std::string_view left = answer; !left.empty();
           left.remove_prefix(std::min(piece_bytes, left.size()))) {
        const auto piece = left.substr(0, piece_bytes);
        if (send(peer.get(), piece.data(), piece.size(), MSG_NOSIGNAL) < 0) return;
        std::this_thread::sleep_for(std::chrono::microseconds{100});
      }
    }
  }

  file_descriptor listening_;
  int port_ = 0;
  std::jthread serving_;
};

}  // namespace farebench::test
