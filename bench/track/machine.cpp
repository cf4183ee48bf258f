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
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "bench/output/statistics.hpp"
#include "bench/track/recordings.hpp"
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

namespace {

std::string text_of(const char* path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

machine_load load_now() { return parse_load(text_of("/proc/loadavg"), text_of("/proc/stat")); }

machine_load parse_load(std::string_view loadavg, std::string_view stat) {
  machine_load now;
  std::istringstream{std::string{loadavg}} >> now.load_average;
  std::istringstream line{std::string{stat.substr(0, stat.find('\n'))}};
  std::string name;
  line >> name;
  // user nice system idle iowait irq softirq steal; guest time, which follows, is within user's.
  std::array<std::uint64_t, 8> fields{};
  for (auto& field : fields) {
    if (!(line >> field)) field = 0;
    now.ticks += field;
  }
  now.idle_ticks = fields[3] + fields[4];
  now.stolen_ticks = fields[7];
  return now;
}

double steal_percent(const machine_load& before, const machine_load& after) {
  return percent(after.stolen_ticks - before.stolen_ticks, after.ticks - before.ticks);
}

double busy_percent(const machine_load& before, const machine_load& after) {
  const auto ticks = after.ticks - before.ticks;
  return percent(ticks - (after.idle_ticks - before.idle_ticks), ticks);
}

namespace {

/// What stands behind the colon of the first line of a file of /proc that begins so; empty without one.
std::string value_in(const char* path, std::string_view name) {
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    const auto value = line.find_first_not_of(" \t:", name.size());
    return value == std::string::npos ? std::string{} : line.substr(value);
  }
  return {};
}

/// In small letters and digits with dashes between, without the marks that makers put into names.
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
  constexpr std::size_t longest = 40;
  out = out.substr(0, longest);
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? "unknown-cpu" : out;
}

/// "6.18.44-something" → "6.18"
std::string major_and_minor(std::string_view release) {
  const auto second = release.find('.', release.find('.') + 1);
  return std::string{release.substr(0, second)};
}

}  // namespace

std::string machine::name() const {
  const auto all = fmt::format("{}\n{}\n{}\n{}", cpu_model, cores, kernel, memory_gib);
  return fmt::format("{}-{}c-{}g-{}", plain(cpu_model), cores, memory_gib, sha256(all).substr(0, 8));
}

machine this_machine() {
  utsname system{};
  ::uname(&system);
  // The kernel keeps some megabytes for itself, more or fewer from build to build: rounded up, they are no
  // matter.
  constexpr long kib_a_gib = 1 << 20;
  const auto memory = value_in("/proc/meminfo", "MemTotal");
  const long memory_kib = memory.empty() ? 0 : std::stol(memory);
  return {.cpu_model = value_in("/proc/cpuinfo", "model name"),
          .cores = ::sysconf(_SC_NPROCESSORS_ONLN),
          .kernel = fmt::format("{} {}", system.sysname, major_and_minor(system.release)),
          .memory_gib = (memory_kib + kib_a_gib - 1) / kib_a_gib};
}

}  // namespace farebench::track
