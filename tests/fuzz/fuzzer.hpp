#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace farebench::fuzz {

// Fuzz targets. Each reads one input and ends the process if an invariant does not hold.
void fuzz_flags(std::string_view input);
void fuzz_headers(std::string_view text);
void fuzz_native_request(std::string_view input);
void fuzz_native_response(std::string_view bytes);
void fuzz_response(std::string_view response);
void fuzz_results(std::string_view text);
void fuzz_scanner(std::string_view page);

/// Ends the process if an invariant does not hold, so that libFuzzer keeps the input. `value` is printed.
inline void expect(bool holds, const char* invariant, std::string_view value = {}) {
  if (holds) return;
  std::fprintf(stderr, "VIOLATED INVARIANT: %s\n%.*s\n", invariant, static_cast<int>(value.size()),
               value.data());
  std::abort();
}

/// Expects a message for people: a single line that is not empty.
inline void expect_one_line(std::string_view message, const char* invariant) {
  expect(!message.empty() && message.find_first_of("\r\n") == std::string_view::npos, invariant, message);
}

/// Splits the input at newlines. Those written as "\\n" become a part of their line.
std::vector<std::string> lines_of(std::string_view text);

}  // namespace farebench::fuzz
