#include "bench/track/machine.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/output/statistics.hpp"
#include "bench/track/recordings.hpp"
#include "lib/system/cpu_limits.hpp"
#include "lib/system/file_descriptor.hpp"

namespace farebench::track {
namespace {

constexpr int cpu_steps = 10'000'000;
constexpr int memory_steps = 400'000;
constexpr int round_trips = 500;

/// Receives unused results, so that the compiler keeps the loops.
volatile std::uint64_t sink;

/// One step of a pseudo-random generator (Marsaglia's xorshift64).
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

/// Reads at addresses that depend on the previous read.
void walk(const std::vector<std::uint64_t>& memory) {
  std::uint64_t state = 88172645463325252u;
  for (int i = 0; i < memory_steps; ++i) state = next(state + memory[state % memory.size()]);
  sink = state;
}

/// Both ends of a TCP connection over the loopback interface.
class loopback_connection {
 public:
  loopback_connection() {
    const auto listener = checked_descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener.get(), generic, size) != 0 || ::listen(listener.get(), 1) != 0 ||
        ::getsockname(listener.get(), generic, &size) != 0)
      throw_system_error("listen on the loopback interface");
    near_ = checked_descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    if (::connect(near_.get(), generic, size) != 0) throw_system_error("connect over the loopback interface");
    far_ = checked_descriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept");
    const int on = 1;
    for (const int end : {near_.get(), far_.get()})
      ::setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  void ping_pong() const {
    std::thread echo{[this] {
      for (int i = 0; i < round_trips && pass(far_.get(), false) && pass(far_.get(), true); ++i) {
      }
    }};
    for (int i = 0; i < round_trips && pass(near_.get(), true) && pass(near_.get(), false); ++i) {
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

  file_descriptor near_;
  file_descriptor far_;
};

template <typename Work>
double median_ms(int passes, Work work) {
  std::vector<double> times;
  for (int i = 0; i < passes; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    times.push_back(
        std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - begin}.count());
  }
  return *median(std::move(times));
}

}  // namespace

double canary::figure() const { return std::cbrt(cpu_ms * memory_ms * loopback_ms); }

canary measure_canary(int passes) {
  constexpr std::size_t memory_bytes = 64u << 20;
  // Not zero: pages of zeros would be one physical page.
  const std::vector<std::uint64_t> memory(memory_bytes / sizeof(std::uint64_t), 0x9E3779B97F4A7C15u);
  const loopback_connection connection;
  return {.cpu_ms = median_ms(passes, compute),
          .memory_ms = median_ms(passes, [&] { walk(memory); }),
          .loopback_ms = median_ms(passes, [&] { connection.ping_pong(); })};
}

namespace {

double percent(std::chrono::nanoseconds part, std::chrono::nanoseconds whole) {
  return whole.count() == 0 ? 0 : 100 * (std::chrono::duration<double>{part} / whole);
}

}  // namespace

machine_load read_load() {
  machine_load now{.processors = read_processor_times().value_or(processor_times{})};
  ::getloadavg(&now.load_average, 1);
  return now;
}

double steal_percent(const machine_load& before, const machine_load& after) {
  return percent(after.processors.steal - before.processors.steal,
                 after.processors.total - before.processors.total);
}

double busy_percent(const machine_load& before, const machine_load& after) {
  const auto total = after.processors.total - before.processors.total;
  return percent(total - (after.processors.idle - before.processors.idle), total);
}

namespace {

/// Returns the value of the first line "name : value" of a file in /proc, or an empty text.
std::string value_in(const char* path, std::string_view name) {
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    const auto value = line.find_first_not_of(" \t:", name.size());
    return value == std::string::npos ? std::string{} : line.substr(value);
  }
  return {};
}

/// Returns lower-case letters and digits with dashes in between, without trademark signs.
std::string plain(std::string text) {
  for (const std::string_view mark : {"(R)", "(TM)", "CPU"}) {
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark))
      text.erase(at, mark.size());
  }
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  constexpr std::size_t max_size = 40;
  out = out.substr(0, max_size);
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? "unknown-cpu" : out;
}

/// "6.18.44-generic" → "6.18".
std::string major_and_minor(std::string_view release) {
  const auto second = release.find('.', release.find('.') + 1);
  return std::string{release.substr(0, second)};
}

}  // namespace

std::string machine::name() const {
  std::string limits;
  if (usable_cpus) limits += fmt::format("-usable-{}", *usable_cpus);
  if (cpu_quota) limits += fmt::format("-quota-{:.4g}", *cpu_quota);
  const auto fields = fmt::format("{}\n{}\n{}\n{}{}", cpu_model, cores, kernel, memory_gib, limits);
  return fmt::format("{}-{}c-{}g{}-{}", plain(cpu_model), cores, memory_gib, limits,
                     sha256(fields).substr(0, 8));
}

machine this_machine() {
  utsname system{};
  ::uname(&system);
  // Rounded up, because the kernel reserves some megabytes, which differ from build to build.
  constexpr long kib_per_gib = 1 << 20;
  const auto memory = value_in("/proc/meminfo", "MemTotal");
  const long memory_kib = memory.empty() ? 0 : std::stol(memory);
  machine here{.cpu_model = value_in("/proc/cpuinfo", "model name"),
               .cores = ::sysconf(_SC_NPROCESSORS_ONLN),
               .kernel = fmt::format("{} {}", system.sysname, major_and_minor(system.release)),
               .memory_gib = (memory_kib + kib_per_gib - 1) / kib_per_gib};
  const auto limits = read_cpu_limits();
  if (limits.usable_cpus < static_cast<std::size_t>(here.cores)) here.usable_cpus = limits.usable_cpus;
  if (limits.quota && *limits.quota < static_cast<double>(limits.usable_cpus)) here.cpu_quota = limits.quota;
  return here;
}

}  // namespace farebench::track
