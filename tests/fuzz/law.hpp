#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace farebench::fuzz {

/// Where a law does not hold, the process ends, so that libFuzzer keeps the input: `seen` shows why.
inline void expect(bool holds, const char* law, std::string_view seen = {}) {
  if (holds) return;
  std::fprintf(stderr, "BROKEN LAW: %s\n%.*s\n", law, static_cast<int>(seen.size()), seen.data());
  std::abort();
}

/// A message for people: something, and one line.
inline void expect_one_line(std::string_view message, const char* whose) {
  expect(!message.empty() && message.find_first_of("\r\n") == std::string_view::npos, whose, message);
}

}  // namespace farebench::fuzz
