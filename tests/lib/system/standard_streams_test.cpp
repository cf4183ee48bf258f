#include "lib/system/command_line.hpp"

#include <gtest/gtest.h>

namespace farebench {
namespace {

TEST(complain, writes_one_line) {
  testing::internal::CaptureStderr();
  complain("bench", "there is no engine 'a\nb\x1b[31m'");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "bench: there is no engine 'a\\x0ab\\x1b[31m'\n");
}

}  // namespace
}  // namespace farebench
