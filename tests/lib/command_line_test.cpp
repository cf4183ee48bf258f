#include "lib/system/command_line.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

namespace farebench {
namespace {

TEST(printable, plain_text_is_printed_unchanged) {
  for (const char* text : {"", "Relax", "Élan €", "日本語", "\xF0\x9F\x9A\x8C", "a b\"c'd\\e"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(command_name, farebench_names_its_programs) {
  EXPECT_EQ(command_name("farebench bench", "bench"), "farebench bench");
  EXPECT_EQ(command_name("farebench", "track"), "farebench");
  for (const char* other : {"./bench", "/usr/farebench bench", "farebench-bench", ""})
    EXPECT_EQ(command_name(other, "bench"), "bench");
  EXPECT_EQ(command_name(nullptr, "bench"), "bench");
}

TEST(command_name, examples_of_help_use_it) {
  EXPECT_EQ(with_command_name("Examples:\n  bench --x\n  benchmark\nbench is\n  a bench", "bench", "farebench bench"),
            "Examples:\n  farebench bench --x\n  benchmark\nbench is\n  a bench");
}

TEST(printable, characters_without_width_are_escaped) {
  EXPECT_EQ(printable("\uFEFFa\u200Bb\u2060"), "\\u{feff}a\\u{200b}b\\u{2060}");
}

TEST(printable, control_characters_are_escaped) {
  EXPECT_EQ(printable("\x1b[31m\a\b\r\n\t"), "\\x1b[31m\\x07\\x08\\x0d\\x0a\\x09");
  EXPECT_EQ(printable(std::string_view{"\0\x7f", 2}), "\\x00\\x7f");
  EXPECT_EQ(printable("\xC2\x80\xC2\x9B"
                      "31m\xC2\x9F\xC2\xA0"),
            "\\x80\\x9b31m\\x9f\xC2\xA0")
      << "the C1 controls";
}

TEST(printable, invalid_utf8_is_escaped) {
  // An eight-bit CSI, a broken character, overlong forms, a surrogate, and a code beyond Unicode.
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

TEST(printable, marks_of_reading_order_are_escaped) {
  EXPECT_EQ(printable("a\u202Eb\u2066c\u2028d\u200F"), "a\\u{202e}b\\u{2066}c\\u{2028}d\\u{200f}");
}

TEST(printable, any_input_prints_without_control_bytes) {
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

TEST(print_error, multiline_error_prints_as_one_line) {
  testing::internal::CaptureStderr();
  print_error("bench", "there is no engine 'a\nb\x1b[31m'");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "bench: there is no engine 'a\\x0ab\\x1b[31m'\n");
}

TEST(check_output, error_is_named) {
  EXPECT_NO_THROW(check_output({}));
  try {
    check_output(std::make_error_code(std::errc::no_space_on_device));
    FAIL() << "did not throw";
  } catch (const std::system_error& error) {
    EXPECT_STREQ(error.what(), "write standard output: No space left on device");
  }
}

TEST(check_output, closed_pipe_ends_process_by_sigpipe) {
  EXPECT_EXIT(check_output(std::make_error_code(std::errc::broken_pipe)), testing::KilledBySignal(SIGPIPE),
              "^$");
}

TEST(did_you_mean, nearest_name_is_suggested) {
  const std::vector<std::string> names{"--workers", "--workload", "--days", "--page-kb", "multi_socket"};
  EXPECT_EQ(did_you_mean("--wrokers", names), "; did you mean --workers?");
  EXPECT_EQ(did_you_mean("--Workers", names), "; did you mean --workers?");
  EXPECT_EQ(did_you_mean("-workers", names), "; did you mean --workers?");
  EXPECT_EQ(did_you_mean("--page_kb", names), "; did you mean --page-kb?");
  EXPECT_EQ(did_you_mean("--dys", names), "; did you mean --days?");
  EXPECT_EQ(did_you_mean("--page", names), "; did you mean --page-kb?") << "the beginning of a name";
  EXPECT_EQ(did_you_mean("multi-sokcet", names), "; did you mean multi_socket?");
}

TEST(did_you_mean, distant_word_has_no_suggestion) {
  const std::vector<std::string> names{"--workers", "--days"};
  for (const auto& word : {std::string{}, std::string{"-"}, std::string{"--d"}, std::string{"--colour"},
                           std::string{"--night"}, "--workers" + std::string(1'000, 's')})
    EXPECT_EQ(did_you_mean(word, names), "") << word;
  EXPECT_EQ(did_you_mean("--days", {}), "");
}

}  // namespace
}  // namespace farebench
