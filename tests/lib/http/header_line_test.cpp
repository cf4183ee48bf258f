#include "http/libcurl.hpp"

#include <gtest/gtest.h>

namespace farebench {
namespace {

TEST(header_value, blanks_around_the_value_are_removed) {
  EXPECT_EQ(header_value("Set-Cookie: a=b\r\n", "set-cookie"), "a=b");
  EXPECT_EQ(header_value("set-cookie:\t a=b c \r\n", "set-cookie"), "a=b c");
  EXPECT_EQ(header_value("SET-COOKIE:", "set-cookie"), "");
  EXPECT_EQ(header_value("Set-Cookie: \r\n", "set-cookie"), "");
}

TEST(header_value, other_names_have_no_value) {
  for (const char* const line : {"", "Set-Cookie", "Set-Cookie a=b", "Set-Cookie : a=b", "Set-Cookie2: a=b",
                                 "X-Set-Cookie: a=b", " Set-Cookie: a=b", "Set_Cookie: a=b"}) {
    EXPECT_EQ(header_value(line, "set-cookie"), std::nullopt) << line;
  }
}

}  // namespace
}  // namespace farebench
