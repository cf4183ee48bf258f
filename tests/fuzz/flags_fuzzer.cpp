// Command lines and what stands in them. The first line says whose, each further one is an argument (\n in it
// is a newline). Its laws:
// - a command line is accepted, or refused in one line;
// - what is accepted reads the same when it is written out again (durations, latencies, dates), and is within
// its
//   bounds.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/flags.hpp"
#include "bench/track/flags.hpp"
#include "bench/track/track_error.hpp"
#include "farebench/date.hpp"
#include "lib/system/command_line.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/latency/latency_model.hpp"
#include "tests/fuzz/law.hpp"
#include "tests/fuzz/server_line.hpp"
#include "tools/fares/fares.hpp"

extern "C" void __sanitizer_set_report_fd(void* descriptor);

namespace {

using namespace farebench;
using fuzz::expect;
using fuzz::expect_one_line;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines(1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') {
      lines.emplace_back();
    } else if (text.substr(at, 2) == "\\n") {
      lines.back() += '\n';
      ++at;
    } else if (text[at] != '\0') {  // which no argument has
      lines.back() += text[at];
    }
  }
  return lines;
}

/// argv: the program's name and the further lines.
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

/// What is written to standard error while it lives.
class caught_errors {
 public:
  caught_errors() : before_{dup(STDERR_FILENO)} { dup2(file(), STDERR_FILENO); }
  ~caught_errors() {
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
  static int file() {
    static const int made = memfd_create("standard error", MFD_CLOEXEC);
    return made;
  }
  int before_;
};

bool is_one_line(std::string_view text) { return text.find_first_of("\r\n") == std::string_view::npos; }

/// A refusal quotes what it refuses, of which `print_error` writes out what is no character of one line.
/// Without such an argument, there is none.
void expect_complaint(std::string_view complaint, std::string_view refused) {
  if (is_one_line(refused)) expect_one_line(complaint, "a refusal is one line");
}
void expect_complaint(std::string_view complaint, arguments& given) {
  for (int i = 0; i < given.count(); ++i)
    if (!is_one_line(given.values()[i])) return;
  expect_one_line(complaint, "a refusal is one line");
}

void read_bench(arguments& given) {
  try {
    const auto flags = parse_flags(given.count(), given.values());
    expect(!flags.what.strategies.empty(), "there is something to measure");
  } catch (const flag_error& fault) {
    expect_complaint(fault.what(), given);
  } catch (const help_shown&) {
  }
}

void read_track(arguments& given) {
  try {
    track::parse_track_flags(given.count(), given.values());
  } catch (const track::track_error& fault) {
    expect_complaint(fault.what(), given);
  } catch (const track::help_asked& help) {
    expect(!help.text.empty(), "help is given");
  }
}

void read_fares(arguments& given) {
  std::string said;
  int exit_code = 0;
  {
    const caught_errors errors;
    exit_code = parse_fares_flags(given.count(), given.values()).exit_code.value_or(-1);
    said = errors.text();
  }
  expect(exit_code == -1 || exit_code == 0 || exit_code == 2, "fares runs, helps or refuses");
  expect(said.empty() == (exit_code != 2), "fares says why it refuses", said);
  if (exit_code == 2) expect_one_line(said.substr(0, said.size() - 1), "fares refuses in one line");
}

void read_text(const std::string& what, const std::string& text) {
  if (what == "duration") {
    const auto parsed = parse_duration(text);
    if (!parsed) return expect_complaint(parsed.error(), text);
    expect(parse_duration(format_duration(*parsed)) == *parsed, "a duration written out is the same", text);
  } else if (what == "latency") {
    const auto parsed = parse_latency(text);
    if (!parsed) return expect_complaint(parsed.error(), text);
    const auto written = format_latency(*parsed);
    const auto again = parse_latency(written);
    expect(again && format_latency(*again) == written, "a latency written out is the same", written);
  } else if (what == "faults") {
    const auto parsed = parse_faults(text);
    if (!parsed) return expect_complaint(parsed.error(), text);
    expect(parsed->sum() <= fault_rates::max_rate, "faults are not more than all");
  } else if (what == "date") {
    if (const auto date = parse_iso_date(text)) expect(format_iso_date(*date) == text, "one form of a date");
    if (const auto date = parse_form_date(text))
      expect(format_form_date(*date) == text, "one form of a date");
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  // Where `fares` complains into a file, a sanitizer must not.
  const auto descriptor = static_cast<std::intptr_t>(dup(STDERR_FILENO));
  __sanitizer_set_report_fd(reinterpret_cast<void*>(descriptor));
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto lines = lines_of({reinterpret_cast<const char*>(bytes), size});
  arguments given{lines};
  const std::string whose = lines.front();
  if (whose == "bench") {
    read_bench(given);
  } else if (whose == "track") {
    read_track(given);
  } else if (whose == "mock_server") {
    fuzz::read_server_line(given.count(), given.values());
  } else if (whose == "fares") {
    read_fares(given);
  } else if (lines.size() == 2) {
    read_text(whose, lines.back());
  }
  return 0;
}
