#include "mock_server/server_stats.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

namespace farebench {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const server_stats sample{.engine = "cpp-httplib",
                          .requests = 18'446'744'073'709'551'615u,
                          .in_flight = 2,
                          .in_flight_peak = 100,
                          .sessions = 4,
                          .connections_accepted = 101,
                          .listen_drops = 6,
                          .late_p50_ms = 0.0625,
                          .late_p99_ms = 1.5,
                          .late_max_ms = 2};

TEST(server_stats, survive_being_written_and_read) {
  EXPECT_EQ(parse_server_stats(to_json(sample)), sample);
  EXPECT_EQ(parse_server_stats(to_json({})), server_stats{});
}

TEST(server_stats, are_read_with_members_that_are_not_known_yet) {
  std::string json = to_json(sample);
  json.insert(1, "\"faults\":{},");
  EXPECT_EQ(parse_server_stats(json), sample);
}

TEST(server_stats, name_the_member_that_is_missing) {
  std::string json = to_json(sample);
  json.replace(json.find("sessions"), 8, "Sessions");
  EXPECT_THAT([&] { parse_server_stats(json); },
              ThrowsMessage<std::runtime_error>(HasSubstr("no member sessions")));
}

TEST(server_stats, name_the_member_that_has_another_type) {
  for (const char* wrong : {"\"4\"", "-4", "4.5", "null"}) {
    std::string json = to_json(sample);
    json.replace(json.find("\"sessions\":4") + 11, 1, wrong);
    EXPECT_THAT([&] { parse_server_stats(json); },
                ThrowsMessage<std::runtime_error>(HasSubstr("member sessions is of another type")))
        << wrong;
  }
}

TEST(server_stats, refuse_what_is_not_a_json_object) {
  for (const char* text : {"", "[]", "{", "listening", "3"}) {
    EXPECT_THAT([&] { parse_server_stats(text); },
                ThrowsMessage<std::runtime_error>(HasSubstr("not a JSON object")));
  }
}

}  // namespace
}  // namespace farebench
