#include "lib/system/process_stats.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>

namespace farebench {
namespace {

std::string path_of(pid_t pid, std::string_view name) {
  return "/proc/" + std::to_string(pid) + "/" + std::string{name};
}

// Returns an empty descriptor if the process is gone.
file_descriptor open_process_file(pid_t pid, const char* name) {
  const std::string path = path_of(pid, name);
  file_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0 && errno != ENOENT && errno != ESRCH) throw_system_error("open " + path);
  return file;
}

// Reads the file with one read(2) into `buffer` and returns a view into it.
std::expected<std::string_view, process_error> read_process_file(const file_descriptor& file, pid_t pid,
                                                                 const char* name, std::span<char> buffer) {
  if (file.get() < 0) return std::unexpected(process_error::gone);
  ssize_t size;
  do {
    // The kernel renews the text for a read at offset 0.
    size = ::pread(file.get(), buffer.data(), buffer.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size >= 0) return std::string_view(buffer.data(), static_cast<std::size_t>(size));
  if (errno == ESRCH) return std::unexpected(process_error::gone);
  throw_system_error("read " + path_of(pid, name));
}

constexpr std::string_view blanks = " \t";

// Returns the value of the line "name:<blanks>value", without the blanks around it.
std::optional<std::string_view> find_field(std::string_view text, std::string_view name) {
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

// Parses a number followed by exactly `unit`.
template <typename Number>
std::optional<Number> parse_number(std::string_view value, std::string_view unit) {
  Number result{};
  const auto [rest, error] = std::from_chars(value.begin(), value.end(), result);
  if (error != std::errc{} || std::string_view(rest, value.end()) != unit) return std::nullopt;
  return result;
}

// Returns a size in bytes. Sets `complete` to false if the field is missing or not a size.
std::uint64_t size_bytes(std::string_view text, std::string_view name, bool& complete) {
  constexpr std::uint64_t max_kib = UINT64_MAX / 1024;
  const auto value = find_field(text, name);
  const auto kib = value ? parse_number<std::uint64_t>(*value, " kB") : std::nullopt;
  if (!kib || *kib > max_kib) {
    complete = false;
    return 0;
  }
  return *kib * 1024;
}

// Removes a number and the blank behind it from the start of the text.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.begin(), text.end(), number);
  if (error != std::errc{} || rest == text.end() || (*rest != ' ' && *rest != '\n')) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.begin()) + 1);
  return number;
}

struct close_directory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

bool is_socket(int directory, const char* entry) {
  constexpr std::string_view prefix = "socket:[";
  // readlink truncates the rest of the target.
  std::array<char, prefix.size()> target{};
  const ssize_t size = ::readlinkat(directory, entry, target.data(), target.size());
  return size == static_cast<ssize_t>(target.size()) &&
         std::string_view(target.data(), target.size()) == prefix;
}

std::size_t count_entries(const char* folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder}, {}));
}

}  // namespace

std::string_view to_string(process_error error) {
  switch (error) {
    case process_error::gone:
      return "the process is gone";
    case process_error::zombie:
      return "the process has ended";
    case process_error::no_memory:
      return "the process has no memory of its own";
    case process_error::malformed:
      return "the kernel's text about the process is malformed";
  }
  return "unknown process error";
}

std::expected<memory_snapshot, process_error> parse_status(std::string_view text) {
  const auto state = find_field(text, "State");
  const auto threads = find_field(text, "Threads");
  if (!state || state->empty() || !threads) return std::unexpected(process_error::malformed);
  if (state->front() == 'Z' || state->front() == 'X') return std::unexpected(process_error::zombie);
  if (!find_field(text, "VmRSS")) return std::unexpected(process_error::no_memory);

  bool complete = true;
  memory_snapshot snapshot;
  snapshot.rss_bytes = size_bytes(text, "VmRSS", complete);
  snapshot.rss_peak_bytes = size_bytes(text, "VmHWM", complete);
  snapshot.anon_bytes = size_bytes(text, "RssAnon", complete);
  snapshot.file_bytes = size_bytes(text, "RssFile", complete) + size_bytes(text, "RssShmem", complete);
  snapshot.page_table_bytes = size_bytes(text, "VmPTE", complete);
  const auto thread_count = parse_number<std::uint32_t>(*threads, "");
  if (!complete || !thread_count) return std::unexpected(process_error::malformed);
  snapshot.threads = *thread_count;
  return snapshot;
}

memory_reader::memory_reader(pid_t pid) : pid_(pid), status_(open_process_file(pid, "status")) {}

std::expected<memory_snapshot, process_error> memory_reader::read() const {
  // The text is about 1.5 KB. With very many CPUs it is longer, but their masks follow the parsed fields.
  std::array<char, 8192> buffer;
  const auto text = read_process_file(status_, pid_, "status", buffer);
  if (!text) return std::unexpected(text.error());
  return parse_status(*text);
}

std::expected<memory_snapshot, process_error> read_memory_snapshot(pid_t pid) {
  return memory_reader(pid).read();
}

std::expected<resident_memory, process_error> parse_statm(std::string_view text, std::uint64_t page_bytes) {
  const auto size = take_number(text);
  const auto resident = take_number(text);
  const auto shared = take_number(text);
  if (!size || !resident || !shared || *resident > UINT64_MAX / page_bytes)
    return std::unexpected(process_error::malformed);
  if (*size == 0) return std::unexpected(process_error::no_memory);
  // The kernel counts the two one after the other, so that shared may exceed resident.
  return resident_memory{.rss_bytes = *resident * page_bytes,
                         .anon_bytes = (*resident - std::min(*resident, *shared)) * page_bytes};
}

resident_reader::resident_reader(pid_t pid) : pid_(pid), statm_(open_process_file(pid, "statm")) {}

std::expected<resident_memory, process_error> resident_reader::read() const {
  static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  // The text has seven numbers.
  std::array<char, 256> buffer;
  const auto text = read_process_file(statm_, pid_, "statm", buffer);
  if (!text) return std::unexpected(text.error());
  return parse_statm(*text, page_bytes);
}

std::expected<std::size_t, process_error> count_sockets(pid_t pid) {
  const std::string path = path_of(pid, "fd");
  const auto is_gone = [] { return errno == ENOENT || errno == ESRCH; };
  const std::unique_ptr<DIR, close_directory> directory(::opendir(path.c_str()));
  if (!directory) {
    if (is_gone()) return std::unexpected(process_error::gone);
    throw_system_error("open " + path);
  }
  std::size_t sockets = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (!entry) break;
    // A descriptor closed in the meantime does not count.
    if (entry->d_name[0] != '.' && is_socket(::dirfd(directory.get()), entry->d_name)) ++sockets;
  }
  if (errno == 0) return sockets;
  if (is_gone()) return std::unexpected(process_error::gone);
  throw_system_error("read " + path);
}

std::expected<std::chrono::nanoseconds, process_error> process_cpu_time(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0)
    return std::unexpected(process_error::gone);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

std::vector<pid_t> descendants(pid_t pid) {
  std::vector<pid_t> found;
  const auto add_children = [&found](pid_t parent) {
    std::error_code error;
    int threads_left = 64;
    for (std::filesystem::directory_iterator task{path_of(parent, "task"), error}, end;
         !error && task != end && threads_left-- > 0; task.increment(error)) {
      std::ifstream children{task->path() / "children"};
      for (pid_t child = 0; children >> child;) found.push_back(child);
    }
  };
  add_children(pid);
  for (std::size_t i = 0; i < found.size(); ++i) add_children(found[i]);
  return found;
}

namespace {

/// Returns the CPU time of the children that a process has waited for, which is 0 if it is gone.
std::chrono::nanoseconds ended_children_cpu_time(pid_t pid) {
  std::ifstream stat{path_of(pid, "stat")};
  // The second field is the program's name in parentheses. Fields 16 and 17 are cutime and cstime.
  stat.ignore(std::numeric_limits<std::streamsize>::max(), ')');
  std::string skipped;
  for (int field = 3; field < 16; ++field) stat >> skipped;
  std::int64_t user_ticks = 0;
  std::int64_t system_ticks = 0;
  if (!(stat >> user_ticks >> system_ticks)) return {};
  return std::chrono::nanoseconds{std::chrono::seconds{1}} / ::sysconf(_SC_CLK_TCK) *
         (user_ticks + system_ticks);
}

}  // namespace

std::expected<std::chrono::nanoseconds, process_error> process_tree_cpu_time(pid_t pid) {
  auto sum = process_cpu_time(pid);
  if (!sum) return sum;
  *sum += ended_children_cpu_time(pid);
  for (const pid_t child : descendants(pid))
    *sum += process_cpu_time(child).value_or(std::chrono::nanoseconds{0}) + ended_children_cpu_time(child);
  return sum;
}

std::expected<std::chrono::nanoseconds, process_error> run_queue_delay(pid_t pid) {
  const std::string tasks = path_of(pid, "task");
  std::error_code error;
  std::optional<std::chrono::nanoseconds> sum;
  for (std::filesystem::directory_iterator task{tasks, error}, end; !error && task != end;
       task.increment(error)) {
    // "RUN_NS DELAY_NS TIMESLICES"
    std::uint64_t run_ns = 0;
    std::uint64_t delay_ns = 0;
    if (std::ifstream{task->path() / "schedstat"} >> run_ns >> delay_ns)
      sum = sum.value_or(std::chrono::nanoseconds{0}) + std::chrono::nanoseconds{delay_ns};
  }
  if (!sum) return std::unexpected(process_error::gone);
  return *sum;
}

std::expected<processor_times, process_error> parse_processor_times(std::string_view text,
                                                                    long ticks_per_second) {
  constexpr std::string_view prefix = "cpu  ";
  if (!text.starts_with(prefix)) return std::unexpected(process_error::malformed);
  text.remove_prefix(prefix.size());
  processor_times times;
  // user nice system idle iowait irq softirq steal, in ticks. Guest time, which follows, is part of user.
  std::array<std::chrono::nanoseconds, 8> fields{};
  for (auto& field : fields) {
    const auto ticks = take_number(text);
    if (!ticks) return std::unexpected(process_error::malformed);
    field = std::chrono::nanoseconds{std::chrono::seconds{1}} / ticks_per_second * *ticks;
    times.total += field;
  }
  times.idle = fields[3] + fields[4];
  times.interrupts = fields[5] + fields[6];
  times.steal = fields[7];
  return times;
}

std::expected<processor_times, process_error> read_processor_times() {
  static const long ticks_per_second = ::sysconf(_SC_CLK_TCK);
  const auto file = checked_descriptor(::open("/proc/stat", O_RDONLY | O_CLOEXEC), "open /proc/stat");
  // The first line has at most ten numbers.
  std::array<char, 256> buffer;
  const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
  if (size < 0) throw_system_error("read /proc/stat");
  return parse_processor_times({buffer.data(), static_cast<std::size_t>(size)}, ticks_per_second);
}

resource_counts open_resources() {
#if defined(__SANITIZE_THREAD__)
  // ThreadSanitizer starts a thread of its own with the program's first one. This thread makes the first
  // count include both.
  static const std::jthread first{[](const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }};
#endif
  return {count_entries("/proc/self/fd"), count_entries("/proc/self/task")};
}

}  // namespace farebench
