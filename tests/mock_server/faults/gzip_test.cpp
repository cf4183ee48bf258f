#include "mock_server/faults/fault_effects.hpp"

#include <gtest/gtest.h>

#define ZLIB_CONST  // its input is not to be changed
#include <zlib.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace farebench {
namespace {

// Reads a gzip file in parts and counts its content. zlib checks size and check sum at the end.
class inflation {
 public:
  inflation() {
    if (::inflateInit2(&stream_, MAX_WBITS + 16) != Z_OK) throw std::runtime_error("inflateInit2");
  }
  ~inflation() { ::inflateEnd(&stream_); }
  inflation(const inflation&) = delete;
  inflation& operator=(const inflation&) = delete;

  void take(std::string_view bytes, std::string* kept = nullptr) {
    stream_.next_in = reinterpret_cast<const Bytef*>(bytes.data());
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      const int result = ::inflate(&stream_, Z_NO_FLUSH);
      ASSERT_TRUE(result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR) << result;
      const std::size_t out = buffer_.size() - stream_.avail_out;
      if (kept != nullptr) kept->append(buffer_.data(), out);
      inflated_bytes += out;
      has_ended = result == Z_STREAM_END;
    } while (!has_ended && stream_.avail_out == 0);
    ASSERT_EQ(stream_.avail_in, 0u);
  }

  std::uint64_t inflated_bytes = 0;
  bool has_ended = false;

 private:
  z_stream stream_{};
  std::vector<char> buffer_ = std::vector<char>(1 << 20);
};

TEST(gzip, holds_what_went_in) {
  const std::string repeated(100'000, 'x');
  for (const std::string& text : {std::string{}, std::string{"Jízdenky"}, repeated}) {
    std::string out;
    inflation reader;
    reader.take(gzip(text), &out);
    EXPECT_TRUE(reader.has_ended);
    EXPECT_EQ(out, text);
  }
}

TEST(zero_bomb, is_a_valid_file_whatever_its_size) {
  for (const int doublings : {0, 1, 5, 8}) {
    const zero_bomb bomb = make_zero_bomb(doublings);
    inflation reader;
    reader.take(bomb.start);
    for (std::uint64_t i = 0; i < bomb.times; ++i) reader.take(bomb.block);
    EXPECT_FALSE(reader.has_ended);
    reader.take(bomb.end);
    EXPECT_TRUE(reader.has_ended) << "with its check sum";
    EXPECT_EQ(reader.inflated_bytes, std::uint64_t{1} << (20 + doublings));
  }
}

TEST(zero_bomb, is_of_four_gigabytes) {
  EXPECT_EQ(large_zero_bomb().times, 4096u);
  EXPECT_EQ(large_zero_bomb().block, make_zero_bomb(8).block);
}

TEST(zero_bomb, takes_kilobytes_in_memory_for_megabytes_sent) {
  const zero_bomb& bomb = large_zero_bomb();
  EXPECT_LT(bomb.start.size() + bomb.block.size() + bomb.end.size(), 4u * 1024);
  EXPECT_LT(bomb.bytes(), 8u << 20);
  EXPECT_LT(nested_zero_bomb().size(), 64u * 1024);
}

TEST(zero_bomb, is_in_the_nested_one) {
  const zero_bomb& bomb = large_zero_bomb();
  std::string inner;
  inflation reader;
  reader.take(nested_zero_bomb(), &inner);
  EXPECT_TRUE(reader.has_ended);
  ASSERT_EQ(inner.size(), bomb.bytes());
  std::string_view rest{inner};
  EXPECT_TRUE(rest.starts_with(bomb.start));
  rest.remove_prefix(bomb.start.size());
  for (std::uint64_t i = 0; i < bomb.times; ++i) {
    ASSERT_TRUE(rest.starts_with(bomb.block));
    rest.remove_prefix(bomb.block.size());
  }
  EXPECT_EQ(rest, bomb.end);
}

}  // namespace
}  // namespace farebench
