// A client whose exchanges take 15 % longer, at the same CPU and memory cost: its batches go through a proxy
// in another process, which delays the first bytes of each response.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "lib/system/file_descriptor.hpp"
#include "tests/mutants/mutant_program.hpp"

namespace {

using namespace farebench;
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

/// Returns an empty descriptor on failure.
file_descriptor connect_to(int port) {
  file_descriptor connection{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto address = loopback(port);
  if (connection.get() < 0 ||
      ::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return file_descriptor{};
  return connection;
}

bool send_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void forward(const file_descriptor& client, const file_descriptor& site, double share) {
  const int on = 1;
  for (const int end : {client.get(), site.get()})
    ::setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::array<char, 65536> bytes;
  // Empty once the response has begun.
  std::optional<clock::time_point> requested_at;
  for (;;) {
    std::array<pollfd, 2> ends{pollfd{client.get(), POLLIN, 0}, pollfd{site.get(), POLLIN, 0}};
    if (::poll(ends.data(), ends.size(), -1) < 0) return;
    const bool is_response = ends[1].revents != 0;
    const auto count = ::recv(is_response ? site.get() : client.get(), bytes.data(), bytes.size(), 0);
    if (count <= 0) return;
    if (!is_response && !requested_at) requested_at = clock::now();
    if (is_response && requested_at)
      std::this_thread::sleep_for((clock::now() - *std::exchange(requested_at, std::nullopt)) * share);
    if (!send_all(is_response ? client.get() : site.get(), {bytes.data(), static_cast<std::size_t>(count)}))
      return;
  }
}

[[noreturn]] void serve(const file_descriptor& listener, const file_descriptor& port_reader, double share) {
  int port = 0;
  if (::read(port_reader.get(), &port, sizeof port) != sizeof port) ::_exit(0);
  for (;;) {
    file_descriptor client{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (client.get() < 0) ::_exit(1);
    auto site = connect_to(port);
    if (site.get() < 0) ::_exit(1);
    std::thread{[share, client = std::move(client), site = std::move(site)] {
      forward(client, site, share);
    }}.detach();
  }
}

/// A TCP proxy on the loopback interface, in a child process with one thread per connection. It forwards
/// bytes and delays the first bytes of each response by a share of the time until they arrived. The child
/// ends with this object, and with its parent process. Create it while the process has one thread.
class holding_proxy {
 public:
  /// Throws std::system_error if there is no socket or process.
  explicit holding_proxy(double share);
  ~holding_proxy();
  holding_proxy(const holding_proxy&) = delete;
  holding_proxy& operator=(const holding_proxy&) = delete;

  /// Sets the site, "http://127.0.0.1:PORT", and returns the URL of the proxy. Call it once.
  std::string in_front_of(const std::string& url);

 private:
  pid_t child_ = -1;
  /// Sends the site's port to the child.
  file_descriptor port_writer_;
  int port_ = 0;
};

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
  file_descriptor port_reader{ends[0]};
  port_writer_ = file_descriptor{ends[1]};
  const pid_t parent = ::getpid();
  child_ = ::fork();
  if (child_ < 0) throw_errno("fork");
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    // Readers of the probe's standard streams must see them close when the probe ends.
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO}) ::close(stream);
    port_writer_.reset();
    serve(listener, port_reader, share);
  }
}

holding_proxy::~holding_proxy() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

std::string holding_proxy::in_front_of(const std::string& url) {
  const int port = std::stoi(url.substr(url.rfind(':') + 1));
  if (::write(port_writer_.get(), &port, sizeof port) != sizeof port) throw_errno("write");
  return "http://127.0.0.1:" + std::to_string(port_);
}

}  // namespace

int main(int argc, char** argv) {
  constexpr double delay_share = 0.15;
  // Created before the strategy, so that the memory baseline includes it.
  holding_proxy proxy{delay_share};
  return mutants::mutant_program(argc, argv,
                                 [&](strategy& inner, const batch& work, const outcome_sink& sink) {
                                   batch changed = work;
                                   changed.base_url = proxy.in_front_of(work.base_url);
                                   inner.run(changed, sink);
                                 });
}
