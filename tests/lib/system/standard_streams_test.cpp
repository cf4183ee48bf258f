#include "lib/system/command_line.hpp"

#include <gtest/gtest.h>

namespace farebench {
namespace {

TEST(print_error, writes_one_line) {
  testing::internal::CaptureStderr();
  print_error("bench", "there is no engine 'a\nb\x1b[31m'");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "bench: there is no engine 'a\\x0ab\\x1b[31m'\n");
}

}  // namespace
}  // namespace farebench
