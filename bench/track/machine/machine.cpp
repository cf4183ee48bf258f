#include "bench/track/machine/machine.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cctype>
#include <fstream>
#include <string_view>

#include "bench/track/files/sha256.hpp"

namespace farebench::track {
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
