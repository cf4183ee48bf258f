#include "lib/system/command_line.hpp"

#include <gtest/gtest.h>

namespace farebench {
namespace {

TEST(printable, leaves_text_as_it_is) {
  for (const char* text : {"", "Relax", "Élan €", "日本語", "\xF0\x9F\x9A\x8C", "a b\"c'd\\e"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(printable, writes_control_characters_out) {
  EXPECT_EQ(printable("\x1b[31m\a\b\r\n\t"), "\\x1b[31m\\x07\\x08\\x0d\\x0a\\x09");
  EXPECT_EQ(printable(std::string_view{"\0\x7f", 2}), "\\x00\\x7f");
  EXPECT_EQ(printable("\xC2\x80\xC2\x9B"
                      "31m\xC2\x9F\xC2\xA0"),
            "\\x80\\x9b31m\\x9f\xC2\xA0")
      << "the C1 controls";
}

TEST(printable, writes_out_bytes_that_are_no_utf8) {
  // A lone CSI of eight bits, a broken character, overlong forms, a surrogate, and what is beyond Unicode.
  EXPECT_EQ(printable("\x9b"
                      "31m"),
            "\\x9b31m");
  EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("\xE2\x82x"), "\\xe2\\x82x");
  EXPECT_EQ(printable("\xC0\x9B"), "\\xc0\\x9b");
  EXPECT_EQ(printable("\xE0\x82\x9B"), "\\xe0\\x82\\x9b");
  EXPECT_EQ(printable("\xF0\x80\x82\x9B"), "\\xf0\\x80\\x82\\x9b");
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(printable("\xF4\x90\x80\x80\xFF"), "\\xf4\\x90\\x80\\x80\\xff");
}

TEST(printable, writes_out_what_would_change_the_order_of_reading) {
  EXPECT_EQ(printable("a\u202Eb\u2066c\u2028d\u200F"), "a\\u{202e}b\\u{2066}c\\u{2028}d\\u{200f}");
}

TEST(printable, lets_no_control_byte_through_whatever_comes) {
  std::string text;
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      text = {static_cast<char>(first), static_cast<char>(second), '\x1b'};
      for (const char c : printable(text)) {
        const auto byte = static_cast<unsigned char>(c);
        EXPECT_TRUE(byte >= 0x20 && byte != 0x7F);
      }
    }
  }
}

}  // namespace
}  // namespace farebench
