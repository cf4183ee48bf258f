#include "tests/mutants/holding_proxy.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace farebench::mutants {
namespace {

using clock = std::chrono::steady_clock;

[[noreturn]] void throw_errno(const char* call) {
  throw std::system_error{errno, std::generic_category(), call};
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

file_descriptor connected_to(int port) {
  file_descriptor made{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto address = loopback(port);
  if (made.get() < 0 ||
      ::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return file_descriptor{};
  return made;
}

bool send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void pass_on(const file_descriptor& client, const file_descriptor& site, double share) {
  const int on = 1;
  for (const int end : {client.get(), site.get()})
    ::setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::array<char, 65536> bytes;
  std::optional<clock::time_point> asked;  // since when an answer is waited for
  for (;;) {
    std::array<pollfd, 2> ends{pollfd{client.get(), POLLIN, 0}, pollfd{site.get(), POLLIN, 0}};
    if (::poll(ends.data(), ends.size(), -1) < 0) return;
    const bool is_answer = ends[1].revents != 0;
    const auto count = ::recv(is_answer ? site.get() : client.get(), bytes.data(), bytes.size(), 0);
    if (count <= 0) return;
    if (!is_answer && !asked) asked = clock::now();
    if (is_answer && asked)
      std::this_thread::sleep_for((clock::now() - *std::exchange(asked, std::nullopt)) * share);
    if (!send_all(is_answer ? client.get() : site.get(), {bytes.data(), static_cast<std::size_t>(count)}))
      return;
  }
}

[[noreturn]] void serve(const file_descriptor& listener, const file_descriptor& told, double share) {
  int port = 0;
  if (::read(told.get(), &port, sizeof port) != sizeof port) ::_exit(0);
  for (;;) {
    file_descriptor client{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (client.get() < 0) ::_exit(1);
    auto site = connected_to(port);
    if (site.get() < 0) ::_exit(1);
    std::thread{[share, client = std::move(client), site = std::move(site)] {
      pass_on(client, site, share);
    }}.detach();
  }
}

}  // namespace

holding_proxy::holding_proxy(double share) {
  file_descriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  auto address = loopback(0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (listener.get() < 0 || ::bind(listener.get(), generic, size) != 0 ||
      ::listen(listener.get(), 1024) != 0 || ::getsockname(listener.get(), generic, &size) != 0)
    throw_errno("listen");
  port_ = ntohs(address.sin_port);
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe2");
  file_descriptor told{ends[0]};
  site_ = file_descriptor{ends[1]};
  const pid_t parent = ::getpid();
  child_ = ::fork();
  if (child_ < 0) throw_errno("fork");
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    // The probe's standard streams are its own: whoever reads them must see them end with it.
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO}) ::close(stream);
    site_.reset();
    serve(listener, told, share);
  }
}

holding_proxy::~holding_proxy() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

std::string holding_proxy::in_front_of(const std::string& url) {
  const int port = std::stoi(url.substr(url.rfind(':') + 1));
  if (::write(site_.get(), &port, sizeof port) != sizeof port) throw_errno("write");
  return "http://127.0.0.1:" + std::to_string(port_);
}

}  // namespace farebench::mutants
