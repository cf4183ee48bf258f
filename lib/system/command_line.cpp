#include "lib/system/command_line.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <numeric>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace farebench {
namespace {

struct character {
  char32_t code;
  std::size_t bytes;
};

// Returns the first character of a non-empty text, or nullopt if the text does not begin with valid UTF-8
// (RFC 3629, section 4).
std::optional<character> first_character(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return character{lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return std::nullopt;
  char32_t code = lead & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return std::nullopt;
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  const bool is_overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  if (is_overlong || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) return std::nullopt;
  return character{code, bytes};
}

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7F && code <= 0x9F); }

// Returns true for direction marks and overrides, for line and paragraph separators, and for characters
// without width: ZERO WIDTH SPACE, WORD JOINER and the byte order mark.
bool is_hidden(char32_t code) {
  return code == 0x061C || code == 0x200B || code == 0x200E || code == 0x200F ||
         (code >= 0x2028 && code <= 0x202E) || code == 0x2060 || (code >= 0x2066 && code <= 0x2069) ||
         code == 0xFEFF;
}

// Returns the characters in which names differ when they are misspelled.
std::string spelling(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == '_') {
      plain += '-';
    } else if (c != '-' || !plain.empty()) {
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return plain;
}

// Number of insertions, removals, replacements and exchanges of neighbours between two texts ("optimal string
// alignment").
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before;
  std::vector<std::size_t> last(to.size() + 1);
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    before = std::exchange(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

}  // namespace

void open_missing_standard_streams() noexcept {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // open() returns the lowest free number, which is the stream's. A missing standard output is opened for
    // reading, so that writing fails and is noticed.
    if (fcntl(stream, F_GETFD) < 0) open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY);
  }
}

std::string printable(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const auto first = first_character(text);
    const std::size_t bytes = first ? first->bytes : 1;
    if (!first) {
      fmt::format_to(std::back_inserter(safe), "\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (is_control(first->code)) {
      fmt::format_to(std::back_inserter(safe), "\\x{:02x}", static_cast<std::uint32_t>(first->code));
    } else if (is_hidden(first->code)) {
      fmt::format_to(std::back_inserter(safe), "\\u{{{:04x}}}", static_cast<std::uint32_t>(first->code));
    } else {
      safe += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return safe;
}

std::size_t terminal_width(int descriptor) noexcept {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

void print_error(std::string_view program, std::string_view text) noexcept {
  try {
    std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(program.size()), program.data(),
                 printable(text).c_str());
  } catch (...) {
    std::fprintf(stderr, "%.*s: out of memory\n", static_cast<int>(program.size()), program.data());
  }
}

void end_by_closed_pipe() noexcept {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  // Reached only if the signal is blocked.
  std::_Exit(128 + SIGPIPE);
}

std::error_code write_output(std::string_view text) noexcept {
  errno = 0;
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
                          std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (is_written) return {};
  return {errno != 0 ? errno : EIO, std::generic_category()};
}

void check_output(std::error_code error) {
  if (error == std::errc::broken_pipe) end_by_closed_pipe();
  if (error) throw std::system_error{error, "write standard output"};
}

void print_output(std::string_view text) { check_output(write_output(text)); }

std::string command_name(const char* argv0, std::string_view program) {
  const std::string_view name{argv0 == nullptr ? "" : argv0};
  return std::string{name == "farebench" || name.starts_with("farebench ") ? name : program};
}

std::string with_command_name(std::string_view help, std::string_view program, std::string_view command) {
  const auto example = fmt::format("  {} ", program);
  std::string text;
  while (!help.empty()) {
    auto line = help.substr(0, help.find('\n') == help.npos ? help.size() : help.find('\n') + 1);
    help.remove_prefix(line.size());
    if (line.starts_with(example)) {
      fmt::format_to(std::back_inserter(text), "  {} ", command);
      line.remove_prefix(example.size());
    }
    text += line;
  }
  return text;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

std::string did_you_mean(std::string_view word, std::span<const std::string> names) {
  const auto misspelled = spelling(word);
  // A distance for no name: those of long arguments would only take time.
  constexpr std::size_t max_size = 64;
  if (misspelled.empty() || misspelled.size() > max_size) return {};
  const std::string* nearest = nullptr;
  std::size_t distance = (misspelled.size() + 3) / 4 + 1;
  for (const auto& name : names) {
    const auto known = spelling(name);
    const bool is_begun = misspelled.size() >= 3 && known.starts_with(misspelled);
    const auto edits = is_begun ? 1 : edit_distance(misspelled, known);
    if (edits >= distance) continue;
    distance = edits;
    nearest = &name;
  }
  return nearest ? fmt::format("; did you mean {}?", *nearest) : std::string{};
}

}  // namespace farebench
