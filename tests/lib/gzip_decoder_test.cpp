#include "native/gzip_decoder.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/gzip.hpp"

namespace farebench {
namespace {

using namespace std::string_literals;
using test::compressed;
using decoder_status = gzip_decoder::status;

/// Returns text that compresses to about half of its size.
std::string fare_table(std::size_t size) {
  std::string text;
  for (unsigned number = 1; text.size() < size; number = number * 1'103'515'245 + 12'345)
    text += "<td>" + std::to_string(number) + "</td>";
  text.resize(size);
  return text;
}

/// Decodes a body that arrives in chunks. Returns nullopt if it is invalid or incomplete.
std::optional<std::string> decoded(std::string_view body, std::size_t first_chunk = 0) {
  const auto decoder = std::make_unique<gzip_decoder>();
  std::string text;
  const auto append = [&](std::string_view part) {
    EXPECT_FALSE(part.empty());
    text += part;
    return true;
  };
  if (decoder->feed(body.substr(0, first_chunk), append) != decoder_status::ok) return std::nullopt;
  if (decoder->feed(body.substr(first_chunk), append) != decoder_status::ok) return std::nullopt;
  if (!decoder->finished()) return std::nullopt;
  return text;
}

TEST(gzip_decoder, body_may_be_split_anywhere) {
  const auto text = fare_table(2'000);
  const auto body = compressed(text);
  for (std::size_t i = 0; i <= body.size(); ++i) ASSERT_EQ(decoded(body, i), text) << i;
}

TEST(gzip_decoder, body_may_arrive_in_single_bytes) {
  const auto text = fare_table(2'000);
  const auto decoder = std::make_unique<gzip_decoder>();
  std::string received;
  for (const char byte : compressed(text)) {
    const auto status = decoder->feed({&byte, 1}, [&](std::string_view part) {
      received += part;
      return true;
    });
    ASSERT_EQ(status, decoder_status::ok);
  }
  EXPECT_TRUE(decoder->finished());
  EXPECT_EQ(received, text);
}

TEST(gzip_decoder, body_may_have_any_size) {
  constexpr std::size_t buffer_size = 16'384;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, buffer_size - 1, buffer_size,
                                 buffer_size + 1, 2 * buffer_size, 5 * buffer_size + 1}) {
    const auto text = fare_table(size);
    EXPECT_TRUE(decoded(compressed(text)) == text) << size;
    const std::string zeros(size, '\0');
    EXPECT_TRUE(decoded(compressed(zeros)) == zeros) << size;
  }
}

TEST(gzip_decoder, empty_body_is_complete) { EXPECT_EQ(decoded(""), ""); }

TEST(gzip_decoder, truncated_body_is_incomplete) {
  const auto body = compressed(fare_table(500));
  for (std::size_t size = 1; size < body.size(); ++size)
    ASSERT_EQ(decoded(body.substr(0, size)), std::nullopt) << size;
}

TEST(gzip_decoder, corrupted_body_never_gives_other_text) {
  const auto text = fare_table(500);
  const auto body = compressed(text);
  for (std::size_t bit = 0; bit < 8 * body.size(); ++bit) {
    auto corrupted = body;
    corrupted[bit / 8] = static_cast<char>(corrupted[bit / 8] ^ (1 << (bit % 8)));
    // Some bits of the header mean nothing for the text.
    const auto received = decoded(corrupted);
    ASSERT_TRUE(!received || *received == text) << bit;
  }
}

TEST(gzip_decoder, other_formats_are_invalid) {
  const auto feed = [](std::string_view body) {
    return std::make_unique<gzip_decoder>()->feed(body, [](std::string_view) { return true; });
  };
  for (const auto& body : {"no gzip"s, compressed("text", MAX_WBITS), compressed("text", -MAX_WBITS)})
    EXPECT_EQ(feed(body), decoder_status::invalid) << body;
}

TEST(gzip_decoder, all_members_are_decoded) {
  const auto body = compressed("first ") + compressed("") + compressed("second");
  for (std::size_t i = 0; i <= body.size(); ++i) ASSERT_EQ(decoded(body, i), "first second") << i;
}

TEST(gzip_decoder, truncated_second_member_is_incomplete) {
  const auto first = compressed("first");
  const auto body = first + compressed("second");
  for (std::size_t size = first.size() + 1; size < body.size(); ++size)
    ASSERT_EQ(decoded(body.substr(0, size)), std::nullopt) << size;
}

TEST(gzip_decoder, other_bytes_behind_member_are_refused) {
  const auto body = compressed("text");
  for (const auto& rest : {"\0"s, "\0\0\0\0"s, "\r\n"s, "text"s, "\x1F"s, "\x1F\x8B"s}) {
    EXPECT_EQ(decoded(body + rest), std::nullopt) << rest;
    EXPECT_EQ(decoded(body + rest, body.size()), std::nullopt) << rest;
  }
}

TEST(gzip_decoder, sink_stops_a_bomb) {
  const auto bomb = compressed(std::string(5'000'000, ' '));
  ASSERT_LT(bomb.size(), 20'000u);
  const auto decoder = std::make_unique<gzip_decoder>();
  constexpr std::size_t max_bytes = 100'000;
  std::size_t bytes = 0;
  const auto status = decoder->feed(bomb, [&](std::string_view part) {
    bytes += part.size();
    return bytes <= max_bytes;
  });
  EXPECT_EQ(status, decoder_status::stopped);
  EXPECT_LE(bytes, max_bytes + 16'384);
  EXPECT_FALSE(decoder->finished());
}

TEST(gzip_decoder, exception_of_sink_is_passed_on) {
  const auto decoder = std::make_unique<gzip_decoder>();
  EXPECT_THROW(
      decoder->feed(compressed("text"), [](std::string_view) -> bool { throw std::runtime_error{"full"}; }),
      std::runtime_error);
}

}  // namespace
}  // namespace farebench
