#include "mock_server/site/numbered_page.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace farebench {
namespace {

using testing::EndsWith;
using testing::StartsWith;

uLong crc_of(const std::string& body) {
  return ::crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
}

TEST(page_body, size_is_exact) {
  for (const std::size_t page_kb : {2u, 3u, 94u, 4096u}) {
    for (const std::uint32_t number : {0u, 17u, max_page_number}) {
      EXPECT_EQ(page_body(number, page_kb).size(), page_kb * 1024);
    }
  }
  EXPECT_THROW(page_body(0, 1), std::invalid_argument);
  EXPECT_THROW(page_body(0, 4097), std::invalid_argument);
}

TEST(page_body, body_is_lines_of_ascii_with_the_number) {
  const std::string body = page_body(17, 94);
  EXPECT_THAT(body, StartsWith("page 17\n"));
  EXPECT_THAT(body, EndsWith("\n"));
  EXPECT_TRUE(std::ranges::all_of(body, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
}

TEST(page_body, body_is_the_same_on_every_platform) {
  EXPECT_EQ(crc_of(page_body(0, 3)), 2'663'195'278u);
  EXPECT_EQ(crc_of(page_body(17, 94)), 2'006'223'797u);
  EXPECT_EQ(page_body(max_page_number, 94), page_body(max_page_number, 94));
}

TEST(page_body, numbers_have_different_bodies) {
  constexpr std::uint32_t count = 10'000;
  std::set<uLong> whole;
  std::set<std::string> last_lines;
  for (std::uint32_t number = 0; number < count; ++number) {
    const std::string body = page_body(number, 3);
    whole.insert(crc_of(body));
    last_lines.insert(body.substr(body.size() - 64));
  }
  EXPECT_EQ(whole.size(), count);
  EXPECT_GT(last_lines.size(), count * 9 / 10) << "bodies differ in the first line only";
}

TEST(parse_page_target, decimal_number_is_read) {
  EXPECT_EQ(parse_page_target("/page/0"), 0u);
  EXPECT_EQ(parse_page_target("/page/17"), 17u);
  EXPECT_EQ(parse_page_target("/page/999999"), 999'999u);
}

TEST(parse_page_target, other_target_is_no_page) {
  for (const char* target : {"",
                             "/",
                             "/page",
                             "/page/",
                             "/page/x",
                             "/page/1x",
                             "/page/x1",
                             "/page/01",
                             "/page/00",
                             "/page/+1",
                             "/page/-1",
                             "/page/ 1",
                             "/page/1 ",
                             "/page/1/",
                             "/page/1?a=b",
                             "/page/1.0",
                             "/page/0x1",
                             "/page/%31",
                             "/page/1000000",
                             "/page/4294967296",
                             "/page/99999999999999999999",
                             "/Page/1",
                             "/pages/1",
                             "page/1",
                             "//page/1",
                             "/page//1"}) {
    EXPECT_EQ(parse_page_target(target), std::nullopt) << target;
  }
}

}  // namespace
}  // namespace farebench
