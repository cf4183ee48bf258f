#include "bench/track/machine/canary.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

#include "bench/report/medians.hpp"
#include "lib/system/file_descriptor.hpp"

namespace farebench::track {
namespace {

constexpr int times = 5;
constexpr int cpu_steps = 10'000'000;
constexpr int memory_steps = 400'000;
constexpr int round_trips = 500;

/// Where results go that nobody reads, so that the compiler leaves the loops in.
volatile std::uint64_t sink;

/// One step of a generator of pseudo-random numbers (Marsaglia's xorshift64).
std::uint64_t next(std::uint64_t state) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^ (state << 17);
}

void compute() {
  std::uint64_t state = 88172645463325252u;
  for (int i = 0; i < cpu_steps; ++i) state = next(state);
  sink = state;
}

/// From place to place, where each is known only once the one before has been read.
void walk(const std::vector<std::uint64_t>& memory) {
  std::uint64_t state = 88172645463325252u;
  for (int i = 0; i < memory_steps; ++i) state = next(state + memory[state % memory.size()]);
  sink = state;
}

[[noreturn]] void throw_errno(const char* call) {
  throw std::system_error{errno, std::generic_category(), call};
}

/// Both ends of a TCP connection through the loopback.
class loopback {
 public:
  loopback() {
    const file_descriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (listener.get() < 0 || ::bind(listener.get(), generic, size) != 0 ||
        ::listen(listener.get(), 1) != 0 || ::getsockname(listener.get(), generic, &size) != 0)
      throw_errno("listen on the loopback");
    here_ = file_descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (here_.get() < 0 || ::connect(here_.get(), generic, size) != 0)
      throw_errno("connect over the loopback");
    there_ = file_descriptor{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (there_.get() < 0) throw_errno("accept on the loopback");
    const int on = 1;
    for (const int end : {here_.get(), there_.get()})
      ::setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  void ping_pong() const {
    std::thread echo{[this] {
      for (int i = 0; i < round_trips && pass(there_.get(), false) && pass(there_.get(), true); ++i) {
      }
    }};
    for (int i = 0; i < round_trips && pass(here_.get(), true) && pass(here_.get(), false); ++i) {
    }
    echo.join();
  }

 private:
  static bool pass(int end, bool is_sent) {
    std::array<char, 64> message{};
    const auto count = is_sent ? ::send(end, message.data(), message.size(), MSG_NOSIGNAL)
                               : ::recv(end, message.data(), message.size(), MSG_WAITALL);
    return count == static_cast<ssize_t>(message.size());
  }

  file_descriptor here_;
  file_descriptor there_;
};

template <typename Work>
double median_ms(Work work) {
  std::vector<double> taken;
  for (int i = 0; i < times; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    taken.push_back(
        std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - begin}.count());
  }
  return *median(std::move(taken));
}

}  // namespace

double canary::figure() const { return std::cbrt(cpu_ms * memory_ms * loopback_ms); }

canary measure_canary() {
  constexpr std::size_t memory_bytes = 64u << 20;
  // Each place holds something else than nothing, or all would be one page of zeros.
  const std::vector<std::uint64_t> memory(memory_bytes / sizeof(std::uint64_t), 0x9E3779B97F4A7C15u);
  const loopback connection;
  return {.cpu_ms = median_ms(compute),
          .memory_ms = median_ms([&] { walk(memory); }),
          .loopback_ms = median_ms([&] { connection.ping_pong(); })};
}

}  // namespace farebench::track
