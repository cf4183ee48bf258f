// mutant_probe: fetch_probe with a decorator around every strategy that makes it worse in one respect, for
// `track selftest`. FAREBENCH_MUTANT chooses the respect.

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
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/probe/probe_program.hpp"
#include "farebench/libcurl.hpp"
#include "lib/system/file_descriptor.hpp"

namespace {

using namespace farebench;
using clock = std::chrono::steady_clock;

/// Runs a batch with `inner`, changed in one respect.
using mutant_run = std::function<void(strategy& inner, const batch& work, const outcome_sink& sink)>;

class mutant_strategy final : public strategy {
 public:
  mutant_strategy(std::unique_ptr<strategy> inner, mutant_run run)
      : inner_{std::move(inner)}, run_{std::move(run)} {}

  void run(const batch& work, const outcome_sink& sink) override { run_(*inner_, work, sink); }

 private:
  std::unique_ptr<strategy> inner_;
  mutant_run run_;
};

/// The volatile pointer keeps the compiler from removing the allocation.
void allocate_once() {
  void* volatile block = std::malloc(16);
  std::free(block);
}

/// One more allocation per request. A scrape has two requests and calls query_at once.
void run_with_allocations(strategy& inner, const batch& work, const outcome_sink& sink) {
  batch changed = work;
  changed.query_at = [&](std::size_t index) {
    allocate_once();
    allocate_once();
    return work.query_at(index);
  };
  inner.run(changed, sink);
}

/// Holds 4 KiB more per worker, from the start of a scrape to its outcome.
void run_with_pages(strategy& inner, const batch& work, const outcome_sink& sink) {
  constexpr std::size_t page_bytes = 4096;
  // By index: written by the worker that starts the scrape, then by the one that delivers its outcome.
  std::vector<std::unique_ptr<char[]>> pages(work.size);
  batch changed = work;
  changed.query_at = [&](std::size_t index) {
    pages[index] = std::make_unique_for_overwrite<char[]>(page_bytes);
    std::memset(pages[index].get(), 1, page_bytes);
    return work.query_at(index);
  };
  inner.run(changed, [&](std::size_t index, outcome&& result) {
    sink(index, std::move(result));
    pages[index].reset();
  });
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

/// Share of an exchange's time by which its response is delayed.
constexpr double delay_share = 0.15;

void forward(const file_descriptor& client, const file_descriptor& site) {
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
    if (is_response && requested_at) {
      std::this_thread::sleep_for((clock::now() - *std::exchange(requested_at, std::nullopt)) * delay_share);
    }
    if (!send_all(is_response ? client.get() : site.get(), {bytes.data(), static_cast<std::size_t>(count)}))
      return;
  }
}

[[noreturn]] void serve(const file_descriptor& listener, const file_descriptor& port_reader) {
  int port = 0;
  if (::read(port_reader.get(), &port, sizeof port) != sizeof port) ::_exit(0);
  for (;;) {
    file_descriptor client{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    auto site = connect_to(port);
    if (client.get() < 0 || site.get() < 0) ::_exit(1);
    std::thread{[client = std::move(client), site = std::move(site)] { forward(client, site); }}.detach();
  }
}

/// A TCP proxy on the loopback interface, in a child process with one thread per connection. It forwards
/// bytes and delays the first bytes of each response by a share of the time until they arrived. The child
/// ends with this object, and with its parent process. Create it while the process has one thread.
class delaying_proxy {
 public:
  /// Throws std::system_error if there is no socket or process.
  delaying_proxy();
  ~delaying_proxy() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  delaying_proxy(const delaying_proxy&) = delete;
  delaying_proxy& operator=(const delaying_proxy&) = delete;

  /// Sets the site, "http://127.0.0.1:PORT", and returns the URL of the proxy. Call it once.
  std::string connect(const std::string& url) {
    const int port = std::stoi(url.substr(url.rfind(':') + 1));
    if (::write(port_writer_.get(), &port, sizeof port) != sizeof port) throw_system_error("write");
    return "http://127.0.0.1:" + std::to_string(port_);
  }

 private:
  pid_t child_ = -1;
  /// Sends the site's port to the child.
  file_descriptor port_writer_;
  int port_ = 0;
};

delaying_proxy::delaying_proxy() {
  const auto listener = checked_descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  auto address = loopback(0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.get(), generic, size) != 0 || ::listen(listener.get(), 1024) != 0 ||
      ::getsockname(listener.get(), generic, &size) != 0)
    throw_system_error("listen");
  port_ = ntohs(address.sin_port);
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_system_error("pipe2");
  const file_descriptor port_reader{ends[0]};
  port_writer_ = file_descriptor{ends[1]};
  const pid_t parent = ::getpid();
  child_ = ::fork();
  if (child_ < 0) throw_system_error("fork");
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    // Readers of the probe's standard streams must see them close when the probe ends.
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO}) ::close(stream);
    port_writer_.reset();
    serve(listener, port_reader);
  }
}

/// Each exchange takes 15 % longer, at the same CPU and memory cost: the batch goes through a proxy in
/// another process. The proxy is created now, so that the memory baseline includes it.
mutant_run run_with_delays() {
  const auto proxy = std::make_shared<delaying_proxy>();
  return [proxy](strategy& inner, const batch& work, const outcome_sink& sink) {
    batch changed = work;
    changed.base_url = proxy->connect(work.base_url);
    inner.run(changed, sink);
  };
}

mutant_run make_mutant() {
  const char* const value = std::getenv("FAREBENCH_MUTANT");
  const std::string_view name = value ? value : "";
  if (name == "slower_exchanges") return run_with_delays();
  if (name == "page_per_worker") return run_with_pages;
  if (name == "allocation_per_request") return run_with_allocations;
  throw std::invalid_argument{
      "FAREBENCH_MUTANT is not one of slower_exchanges, page_per_worker, allocation_per_request"};
}

std::unique_ptr<strategy> make_mutant_strategy(const std::string& name, const transport& http) {
  auto mutant = make_mutant();
  return std::make_unique<mutant_strategy>(make_probe_strategy(name, http), std::move(mutant));
}

}  // namespace

int main(int argc, char** argv) {
  map_send_buffers();
  return probe_program(argc, argv,
                       {.name = "mutant_probe",
                        .http = libcurl_transport(),
                        .default_strategy = "multi_socket",
                        .make = make_mutant_strategy});
}
