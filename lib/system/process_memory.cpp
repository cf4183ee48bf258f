#include "lib/system/process_memory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace farebench {

std::string_view to_string(memory_error error) {
  switch (error) {
    case memory_error::gone:
      return "the process has gone";
    case memory_error::zombie:
      return "the process has ended";
    case memory_error::no_memory:
      return "the process has no memory of its own";
    case memory_error::malformed:
      return "the kernel's text on the process can't be understood";
  }
  return "unknown memory error";
}

namespace {

std::string path_of(pid_t pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

}  // namespace

process_file::process_file(pid_t pid, const char* name)
    : pid_(pid), name_(name), descriptor_(::open(path_of(pid, name).c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0 && errno != ENOENT && errno != ESRCH)
    throw std::system_error(errno, std::generic_category(), "open " + path_of(pid, name));
}

process_file::~process_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

process_file::process_file(process_file&& other) noexcept
    : pid_(other.pid_), name_(other.name_), descriptor_(std::exchange(other.descriptor_, -1)) {}

process_file& process_file::operator=(process_file&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(name_, other.name_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

std::expected<std::string_view, memory_error> process_file::read(std::span<char> buffer) const {
  if (descriptor_ < 0) return std::unexpected(memory_error::gone);
  ssize_t size;
  do {
    size = ::pread(descriptor_, buffer.data(), buffer.size(), 0);  // at 0, the kernel makes the text anew
  } while (size < 0 && errno == EINTR);
  if (size >= 0) return std::string_view(buffer.data(), static_cast<std::size_t>(size));
  if (errno == ESRCH) return std::unexpected(memory_error::gone);
  throw std::system_error(errno, std::generic_category(), "read " + path_of(pid_, name_));
}

namespace {

constexpr std::string_view blanks = " \t";

/// The value of the line "name:<blanks>value", without the blanks around it.
std::optional<std::string_view> field(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
    line.remove_prefix(name.size() + 1);
    const auto first = line.find_first_not_of(blanks);
    if (first == std::string_view::npos) return std::string_view{};
    return line.substr(first, line.find_last_not_of(blanks) - first + 1);
  }
  return std::nullopt;
}

/// A number followed by exactly `unit`.
template <typename Number>
std::optional<Number> number(std::string_view value, std::string_view unit) {
  Number result{};
  const auto [rest, error] = std::from_chars(value.begin(), value.end(), result);
  if (error != std::errc{} || std::string_view(rest, value.end()) != unit) return std::nullopt;
  return result;
}

/// A size in bytes; sets `complete` to false when the field isn't there, or isn't a size.
std::uint64_t size_bytes(std::string_view text, std::string_view name, bool& complete) {
  constexpr std::uint64_t most_kib = UINT64_MAX / 1024;
  const auto value = field(text, name);
  const auto kib = value ? number<std::uint64_t>(*value, " kB") : std::nullopt;
  if (!kib || *kib > most_kib) {
    complete = false;
    return 0;
  }
  return *kib * 1024;
}

}  // namespace

std::expected<memory_snapshot, memory_error> parse_status(std::string_view text) {
  const auto state = field(text, "State");
  const auto threads = field(text, "Threads");
  if (!state || state->empty() || !threads) return std::unexpected(memory_error::malformed);
  if (state->front() == 'Z' || state->front() == 'X') return std::unexpected(memory_error::zombie);
  if (!field(text, "VmRSS")) return std::unexpected(memory_error::no_memory);

  bool complete = true;
  memory_snapshot snapshot;
  snapshot.rss_bytes = size_bytes(text, "VmRSS", complete);
  snapshot.rss_peak_bytes = size_bytes(text, "VmHWM", complete);
  snapshot.anon_bytes = size_bytes(text, "RssAnon", complete);
  snapshot.file_bytes = size_bytes(text, "RssFile", complete) + size_bytes(text, "RssShmem", complete);
  snapshot.page_table_bytes = size_bytes(text, "VmPTE", complete);
  const auto thread_count = number<std::uint32_t>(*threads, "");
  if (!complete || !thread_count) return std::unexpected(memory_error::malformed);
  snapshot.threads = *thread_count;
  return snapshot;
}

memory_reader::memory_reader(pid_t pid) : status_(pid, "status") {}

std::expected<memory_snapshot, memory_error> memory_reader::read() const {
  // The text has about 1.5 KB, more on a machine with very many CPUs, whose masks come after every field
  // that is wanted.
  std::array<char, 8192> text;
  const auto said = status_.read(text);
  if (!said) return std::unexpected(said.error());
  return parse_status(*said);
}

std::expected<memory_snapshot, memory_error> read_memory_snapshot(pid_t pid) {
  return memory_reader(pid).read();
}

namespace {

/// The number that the text starts with, cut off it together with the blank behind.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.begin(), text.end(), number);
  if (error != std::errc{} || rest == text.end() || (*rest != ' ' && *rest != '\n')) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.begin()) + 1);
  return number;
}

}  // namespace

std::expected<resident_memory, memory_error> parse_statm(std::string_view text, std::uint64_t page_bytes) {
  const auto size = take_number(text);
  const auto resident = take_number(text);
  const auto shared = take_number(text);
  if (!size || !resident || !shared || *resident > UINT64_MAX / page_bytes)
    return std::unexpected(memory_error::malformed);
  if (*size == 0) return std::unexpected(memory_error::no_memory);
  // The two are counted one after the other, and a page may come between.
  return resident_memory{.rss_bytes = *resident * page_bytes,
                         .anon_bytes = (*resident - std::min(*resident, *shared)) * page_bytes};
}

resident_reader::resident_reader(pid_t pid)
    : statm_(pid, "statm"), page_bytes_(static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))) {}

std::expected<resident_memory, memory_error> resident_reader::read() const {
  std::array<char, 256> text;  // seven numbers
  const auto said = statm_.read(text);
  if (!said) return std::unexpected(said.error());
  return parse_statm(*said, page_bytes_);
}

namespace {

struct close_directory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool is_socket(int directory, const char* entry) {
  constexpr std::string_view wanted = "socket:[";
  std::array<char, wanted.size()> target{};  // as much as tells; readlink cuts the rest off
  const ssize_t size = ::readlinkat(directory, entry, target.data(), target.size());
  return size == static_cast<ssize_t>(target.size()) &&
         std::string_view(target.data(), target.size()) == wanted;
}

}  // namespace

std::expected<std::size_t, memory_error> count_sockets(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/fd";
  const auto ended = [] { return errno == ENOENT || errno == ESRCH; };
  const std::unique_ptr<DIR, close_directory> directory(::opendir(path.c_str()));
  if (!directory) {
    if (ended()) return std::unexpected(memory_error::gone);
    throw std::system_error(errno, std::generic_category(), "open " + path);
  }
  std::size_t sockets = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (!entry) break;
    // A descriptor closed in the meantime is none.
    if (entry->d_name[0] != '.' && is_socket(::dirfd(directory.get()), entry->d_name)) ++sockets;
  }
  if (errno == 0) return sockets;
  if (ended()) return std::unexpected(memory_error::gone);
  throw std::system_error(errno, std::generic_category(), "read " + path);
}

namespace {

std::size_t entries(const char* folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder}, {}));
}

}  // namespace

resource_counts open_resources() {
#if defined(__SANITIZE_THREAD__)
  // ThreadSanitizer brings a thread of its own along with the first: so both are there at the first count.
  static const std::jthread first{[](const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }};
#endif
  return {entries("/proc/self/fd"), entries("/proc/self/task")};
}

}  // namespace farebench
