#include "mock_server/stats_client.hpp"

#include <gmock/gmock.h>
#include <httplib.h>

#include <memory>
#include <stdexcept>
#include <thread>

#include "mock_server/engines/server_engine.hpp"
#include "tests/mock_server/samples.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing::ThrowsMessage;

std::string local_url(int port) { return "http://127.0.0.1:" + std::to_string(port); }

class stats_client : public testing::TestWithParam<engine_kind> {
 protected:
  site site_{3};
  std::unique_ptr<server_engine> engine_ = make_engine(GetParam(), site_, {});
  const std::string url_ = local_url(engine_->port());
};
INSTANTIATE_TEST_SUITE_P(, stats_client, testing::ValuesIn(engine_kinds), engine_name);

TEST_P(stats_client, each_call_uses_one_connection) {
  EXPECT_EQ(fetch_stats(url_).engine, to_string(GetParam()));
  const auto second = fetch_stats(url_);
  EXPECT_EQ(second.connections_accepted, 2u);
  EXPECT_EQ(second.stats_connections, 2u);
}

TEST_P(stats_client, reset_is_that_of_a_new_server) {
  const server_stats of_new_server = fetch_stats(url_);
  EXPECT_EQ(httplib::Client{url_}.Get("/page/17")->status, 200);
  EXPECT_EQ(fetch_stats(url_).items, 1u);
  reset_stats(url_);
  EXPECT_EQ(fetch_stats(url_), of_new_server);
}

/// A server of another kind: responds to /stats with this status and body.
class other_server {
 public:
  other_server(int status, const std::string& body) {
    const auto respond = [status, body](const httplib::Request&, httplib::Response& response) {
      response.status = status;
      response.set_content(body, "application/json");
    };
    server_.Get("/stats", respond);
    server_.Delete("/stats", respond);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread{[this] { server_.listen_after_bind(); }};
    test::wait_until([this] { return server_.is_running(); });
  }
  ~other_server() { server_.stop(); }
  other_server(const other_server&) = delete;
  other_server& operator=(const other_server&) = delete;

  std::string url() const { return local_url(port_); }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

/// Matches a call that throws one line with the URL and these words.
auto throws_line(const std::string& url, const std::string& words) {
  return ThrowsMessage<std::runtime_error>(
      AllOf(StartsWith("mock server " + url + ": "), HasSubstr(words), Not(HasSubstr("\n"))));
}

TEST(stats_client_errors, missing_server_is_named) {
  // Port 1 is reserved, and no server of the tests listens there.
  const std::string url = local_url(1);
  EXPECT_THAT([&] { fetch_stats(url); }, throws_line(url, "no response to GET /stats: "));
  EXPECT_THAT([&] { reset_stats(url); }, throws_line(url, "no response to DELETE /stats: "));
}

TEST(stats_client_errors, unknown_scheme_is_named) {
  EXPECT_THAT([] { fetch_stats("ftp://127.0.0.1"); }, throws_line("ftp://127.0.0.1", "scheme"));
}

TEST(stats_client_errors, other_status_is_named) {
  const other_server server{404, ""};
  EXPECT_THAT([&] { fetch_stats(server.url()); },
              throws_line(server.url(), "GET /stats returned status 404; expected 200: not a mock server"));
  EXPECT_THAT(
      [&] { reset_stats(server.url()); },
      throws_line(server.url(), "DELETE /stats returned status 404; expected 204: not a mock server"));
}

TEST(stats_client_errors, other_or_older_server_is_recognized) {
  const other_server page{200, "<!DOCTYPE html>\n<html>\n"};
  EXPECT_THAT([&] { fetch_stats(page.url()); }, throws_line(page.url(), "not a JSON object"));
  const other_server other{200, R"({"uptime":1})"};
  EXPECT_THAT([&] { fetch_stats(other.url()); }, throws_line(other.url(), "not a mock server"));
  const other_server older{200, R"({"engine":"beast","requests":1})"};
  EXPECT_THAT([&] { fetch_stats(older.url()); }, throws_line(older.url(), "the mock server is too old"));
}

}  // namespace
}  // namespace farebench
