// Fuzzes command lines and the values of flags. The first line of an input names the program or the kind of
// value. Each further line is an argument, in which \n stands for a newline. Invariants:
// - A command line is accepted, or refused in one line.
// - An accepted duration, latency or date is the same when it is formatted and parsed again.
// - Accepted values are within their limits.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bench/flags.hpp"
#include "bench/track/error.hpp"
#include "bench/track/flags.hpp"
#include "farebench/date.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/quantities.hpp"
#include "mock_server/engines/server_engine.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/latency/latency_model.hpp"
#include "mock_server/server_flags.hpp"
#include "tests/fuzz/fuzzer.hpp"
#include "tools/fares/fares.hpp"

extern "C" void __sanitizer_set_report_fd(void* descriptor);

namespace farebench {

// Replace functions of the engines, which are not linked.
std::string boost_version() { return "none"; }
std::string httplib_version() { return "none"; }

}  // namespace farebench

namespace {

using namespace farebench;
using fuzz::expect;
using fuzz::expect_one_line;
using fuzz::lines_of;

/// argv of the lines: the program's name and its arguments.
class arguments {
 public:
  explicit arguments(std::vector<std::string>& lines) {
    for (auto& line : lines) pointers_.push_back(line.data());
    pointers_.push_back(nullptr);
  }
  int count() const { return static_cast<int>(pointers_.size()) - 1; }
  char** values() { return pointers_.data(); }

 private:
  std::vector<char*> pointers_;
};

/// Captures standard error during its lifetime.
class captured_errors {
 public:
  captured_errors() : before_{dup(STDERR_FILENO)} {
    keep_sanitizer_reports();
    dup2(file(), STDERR_FILENO);
  }
  ~captured_errors() {
    dup2(before_, STDERR_FILENO);
    close(before_);
  }
  std::string text() const {
    std::string read(static_cast<std::size_t>(lseek(file(), 0, SEEK_CUR)), '\0');
    const auto count = pread(file(), read.data(), read.size(), 0);
    if (ftruncate(file(), 0) != 0 || lseek(file(), 0, SEEK_SET) != 0) return {};
    read.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return read;
  }

 private:
  /// Lets sanitizers report to the original standard error.
  static void keep_sanitizer_reports() {
    static const auto original = static_cast<std::intptr_t>(dup(STDERR_FILENO));
    __sanitizer_set_report_fd(reinterpret_cast<void*>(original));
  }
  static int file() {
    static const int descriptor = memfd_create("standard error", MFD_CLOEXEC);
    return descriptor;
  }
  int before_;
};

bool is_one_line(std::string_view text) { return text.find_first_of("\r\n") == std::string_view::npos; }

/// Expects one line, unless the refused value has line ends. The message quotes the value, and `print_error`
/// escapes line ends only when it prints the message.
void expect_message(std::string_view message, std::string_view refused) {
  if (is_one_line(refused)) expect_one_line(message, "a refusal is one line");
}
void expect_message(std::string_view message, arguments& given) {
  for (int i = 0; i < given.count(); ++i)
    if (!is_one_line(given.values()[i])) return;
  expect_one_line(message, "a refusal is one line");
}

void read_bench(arguments& given) {
  try {
    const auto flags = parse_flags(given.count(), given.values());
    expect(!flags.what.strategies.empty(), "there is a strategy to measure");
  } catch (const flag_error& error) {
    expect_message(error.what(), given);
  } catch (const help_shown&) {
  }
}

void read_track(arguments& given) {
  try {
    track::parse_track_flags(given.count(), given.values());
  } catch (const track::track_error& error) {
    expect_message(error.what(), given);
  } catch (const help_shown&) {
  }
}

void read_mock_server(arguments& given) {
  const auto flags = read_server_flags(given.count(), given.values());
  const auto* const exit = std::get_if<server_exit>(&flags);
  if (!exit) return;
  expect(exit->code == 0 || exit->code == 2, "mock_server prints a text or refuses");
  if (exit->code == 2) expect_one_line(exit->text, "mock_server refuses in one line");
}

void read_fares(arguments& given) {
  std::string output;
  int exit_code = 0;
  {
    const captured_errors errors;
    exit_code = parse_fares_flags(given.count(), given.values()).exit_code.value_or(-1);
    output = errors.text();
  }
  expect(exit_code == -1 || exit_code == 0 || exit_code == 2, "fares runs, prints help or refuses");
  expect(output.empty() == (exit_code != 2), "fares prints the reason of a refusal", output);
  if (exit_code == 2) expect_one_line(output.substr(0, output.size() - 1), "fares refuses in one line");
}

void read_value(const std::string& kind, const std::string& text) {
  if (kind == "duration") {
    const auto parsed = parse_duration(text);
    if (!parsed) return expect_message(parsed.error(), text);
    expect(parse_duration(format_duration(*parsed)) == *parsed, "a formatted duration parses to the same",
           text);
  } else if (kind == "latency") {
    const auto parsed = parse_latency(text);
    if (!parsed) return expect_message(parsed.error(), text);
    const auto formatted = format_latency(*parsed);
    const auto again = parse_latency(formatted);
    expect(again && format_latency(*again) == formatted, "a formatted latency parses to the same", formatted);
  } else if (kind == "faults") {
    const auto parsed = parse_faults(text);
    if (!parsed) return expect_message(parsed.error(), text);
    expect(parsed->sum() <= fault_rates::max_rate, "fault rates add up to at most 1");
  } else if (kind == "date") {
    if (const auto date = parse_iso_date(text))
      expect(format_iso_date(*date) == text, "a date has one format");
    if (const auto date = parse_form_date(text))
      expect(format_form_date(*date) == text, "a date has one format");
  }
}

}  // namespace

void farebench::fuzz::fuzz_flags(std::string_view input) {
  auto lines = lines_of(input);
  // An argument cannot hold NUL.
  for (auto& line : lines) std::erase(line, '\0');
  arguments given{lines};
  const std::string subject = lines.front();
  if (subject == "bench") {
    read_bench(given);
  } else if (subject == "track") {
    read_track(given);
  } else if (subject == "mock_server") {
    read_mock_server(given);
  } else if (subject == "fares") {
    read_fares(given);
  } else if (lines.size() == 2) {
    read_value(subject, lines.back());
  }
}
