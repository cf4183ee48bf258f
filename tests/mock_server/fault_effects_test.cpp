#include "mock_server/faults/fault_effects.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace farebench {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;
using testing::HasSubstr;
using testing::Not;

site_response plain_response() {
  site_response response;
  response.content_type = "text/html; charset=utf-8";
  response.set_cookie = "JSESSIONID=1234; Path=/; HttpOnly";
  response.body = "<html>page</html>";
  return response;
}

site_response alter(fault_kind kind, std::uint64_t seed = 1, system_clock::time_point now = {}) {
  site_response response = plain_response();
  random_stream random{seed};
  alter_response(kind, response, random, now);
  return response;
}

TEST(fault_effects, error_fault_sets_status_and_removes_session) {
  const std::pair<fault_kind, int> cases[] = {
      {fault_kind::status_404, 404},           {fault_kind::status_408, 408},
      {fault_kind::status_500, 500},           {fault_kind::status_502, 502},
      {fault_kind::status_503, 503},           {fault_kind::status_504, 504},
      {fault_kind::retry_after_seconds, 429},  {fault_kind::retry_after_date, 429},
      {fault_kind::retry_after_date_503, 503}, {fault_kind::retry_after_absurd, 429},
      {fault_kind::retry_after_garbage, 429},  {fault_kind::redirect_loop, 302},
      {fault_kind::redirect_to_file, 302},     {fault_kind::redirect_to_nowhere, 302},
      {fault_kind::error_page, 200},
  };
  for (const auto& [kind, status] : cases) {
    const site_response response = alter(kind);
    EXPECT_EQ(response.status, status) << to_string(kind);
    EXPECT_EQ(response.set_cookie, "");
    EXPECT_THAT(response.body, HasSubstr("Omlouváme se"));
    EXPECT_THAT(response.body, Not(HasSubstr("select-line")));
  }
}

TEST(fault_effects, flapping_5xx_draws_each_of_four_statuses) {
  std::set<int> statuses;
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    statuses.insert(alter(fault_kind::flapping_5xx, seed).status);
  EXPECT_EQ(statuses, (std::set{500, 502, 503, 504}));
}

TEST(fault_effects, retry_after_fault_sets_its_header_field) {
  const auto now = std::chrono::sys_days{1994y / 11 / 6} + 8h + 49min + 35s;
  EXPECT_EQ(alter(fault_kind::retry_after_seconds).retry_after, "1");
  EXPECT_EQ(alter(fault_kind::retry_after_date, 1, now).retry_after, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(alter(fault_kind::retry_after_date_503, 1, now + 1ms).retry_after,
            "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(alter(fault_kind::retry_after_absurd).retry_after, "99999999999999999999");
  EXPECT_EQ(alter(fault_kind::retry_after_garbage).retry_after, "soon");
}

TEST(fault_effects, redirect_fault_sets_location) {
  EXPECT_EQ(alter(fault_kind::redirect_loop).location, redirect_target);
  EXPECT_EQ(alter(fault_kind::redirect_to_file).location, "file:///etc/passwd");
  EXPECT_EQ(alter(fault_kind::redirect_to_nowhere).location, "");
}

TEST(fault_effects, cookie_fault_removes_or_changes_cookie) {
  EXPECT_EQ(alter(fault_kind::no_cookie).set_cookie, "");
  EXPECT_EQ(alter(fault_kind::no_cookie).status, 200);
  EXPECT_EQ(alter(fault_kind::foreign_cookie).set_cookie,
            "JSESSIONID=1234; Path=/; HttpOnly; Domain=example.org");
}

// Three kinds do neither: the site expires sessions, the engine delays responses, and this page has no rows.
TEST(fault_effects, fault_alters_response_or_has_script_never_both) {
  for (const fault_description& fault : fault_table) {
    const site_response response = alter(fault.kind);
    const bool is_altered = response.status != 200 || response.body != plain_response().body ||
                            response.set_cookie != plain_response().set_cookie;
    const bool is_neither = fault.kind == fault_kind::late_response ||
                            fault.kind == fault_kind::expired_session ||
                            fault.kind >= fault_kind::malformed_html;
    EXPECT_EQ(is_altered + make_script(fault.kind, plain_response()).has_value(), is_neither ? 0 : 1)
        << fault.name;
  }
}

// Many connections can have a fault at the same time.
TEST(fault_effects, script_takes_less_than_16_kib_of_memory) {
  for (const fault_description& fault : fault_table) {
    const auto script = make_script(fault.kind, plain_response());
    if (!script) continue;
    std::size_t script_bytes = 0;
    for (const auto& chunk : script->chunks) {
      EXPECT_GT(chunk.times, 0u);
      script_bytes += chunk.bytes.size();
    }
    EXPECT_LT(script_bytes, 16u * 1024) << fault.name;
  }
}

/// Inflates a gzip file in parts. zlib checks size and checksum at the end.
class inflater {
 public:
  inflater() {
    if (::inflateInit2(&stream_, MAX_WBITS + 16) != Z_OK) throw std::runtime_error("inflateInit2");
  }
  ~inflater() { ::inflateEnd(&stream_); }
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;

  void inflate(std::string_view bytes, std::string* output = nullptr) {
    // zlib only reads it.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      const int result = ::inflate(&stream_, Z_NO_FLUSH);
      ASSERT_TRUE(result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR) << result;
      const std::size_t count = buffer_.size() - stream_.avail_out;
      if (output != nullptr) output->append(buffer_.data(), count);
      inflated_bytes += count;
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

TEST(gzip, compressed_text_inflates_to_itself) {
  const std::string repeated(100'000, 'x');
  for (const std::string& text : {std::string{}, std::string{"Jízdenky"}, repeated}) {
    std::string out;
    inflater reader;
    reader.inflate(gzip(text), &out);
    EXPECT_TRUE(reader.has_ended);
    EXPECT_EQ(out, text);
  }
}

TEST(zero_bomb, bomb_of_any_size_is_a_valid_file) {
  for (const int doublings : {0, 1, 5, 8}) {
    const zero_bomb bomb = make_zero_bomb(doublings);
    inflater reader;
    reader.inflate(bomb.start);
    for (std::uint64_t i = 0; i < bomb.times; ++i) reader.inflate(bomb.block);
    EXPECT_FALSE(reader.has_ended);
    reader.inflate(bomb.end);
    EXPECT_TRUE(reader.has_ended) << "size or checksum is wrong";
    EXPECT_EQ(reader.inflated_bytes, std::uint64_t{1} << (20 + doublings));
  }
}

TEST(zero_bomb, large_bomb_inflates_to_4_gib) {
  EXPECT_EQ(large_zero_bomb().times, 4096u);
  EXPECT_EQ(large_zero_bomb().block, make_zero_bomb(8).block);
}

TEST(zero_bomb, bomb_of_megabytes_takes_kilobytes_of_memory) {
  const zero_bomb& bomb = large_zero_bomb();
  EXPECT_LT(bomb.start.size() + bomb.block.size() + bomb.end.size(), 4u * 1024);
  EXPECT_LT(bomb.bytes(), 8u << 20);
  EXPECT_LT(nested_zero_bomb().size(), 64u * 1024);
}

TEST(zero_bomb, nested_bomb_inflates_to_the_large_bomb) {
  const zero_bomb& bomb = large_zero_bomb();
  std::string inner;
  inflater reader;
  reader.inflate(nested_zero_bomb(), &inner);
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
