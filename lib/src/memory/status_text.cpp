#include <charconv>
#include <optional>

#include "farebench/memory_snapshot.hpp"

namespace farebench {

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

}  // namespace farebench
