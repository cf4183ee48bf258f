#include "native/native_client.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "farebench/exchange.hpp"
#include "farebench/fetch_policy.hpp"
#include "http/url.hpp"
#include "native/addresses.hpp"
#include "native/native_loop.hpp"
#include "tests/support/stub_server.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

/// Connections to a host with several addresses, from a loop of many clients or of one.
class connection_race : public testing::TestWithParam<bool> {
 protected:
  /// Returns the address of a URL's server.
  static socket_address address_at(const std::string& url) {
    const auto origin = origin_of(url).value();
    return look_up_addresses(std::string{origin.host}, origin.port).value().front();
  }

  std::unique_ptr<native_loop> create_loop(std::vector<socket_address> addresses) const {
    auto look_up = [found = std::move(addresses)](const std::string&, int) -> lookup_result { return found; };
    return GetParam() ? native_loop::create_for_many(std::move(look_up))
                      : native_loop::create_for_one(std::move(look_up));
  }

  static exchange_result get(native_loop& loop, const fetch_limits& limits = {}) {
    native_client client{loop, limits};
    client.start(exchange_request{"http://name.example:81/"});
    while (loop.next_finished() == nullptr) loop.wait(native_loop::clock::time_point::max());
    return client.take_result();
  }

  static void expect_error(const exchange_result& result, fetch_error_kind kind, const std::string& detail) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, kind);
    EXPECT_EQ(result.error().detail, detail);
  }

  static std::size_t open_descriptors() {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {}));
  }

  test::stub_server server_{
      [](const std::string&) { return test::stub_response{test::http_response(200, "", "")}; }};
  test::full_listener silent_server_;
  const socket_address server_address_ = address_at(server_.url());
  const socket_address silent_ = address_at(silent_server_.url());
  const socket_address refusing_ = address_at(test::url_of_closed_port());
};
INSTANTIATE_TEST_SUITE_P(native_client, connection_race, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "of_many" : "of_one"; });

TEST_P(connection_race, refused_addresses_are_skipped) {
  const auto loop = create_loop({refusing_, refusing_, server_address_});
  const auto result = get(*loop);
  ASSERT_TRUE(result) << describe(result.error());
  EXPECT_EQ(result->status, 200);
}

TEST_P(connection_race, next_address_is_tried_beside_silent_one) {
  const auto loop = create_loop({silent_, refusing_, server_address_});
  const auto descriptors = open_descriptors();
  const auto result = get(*loop);
  ASSERT_TRUE(result) << describe(result.error());
  // The server runs in this process.
  EXPECT_TRUE(test::wait_until([&] { return open_descriptors() == descriptors; }));
}

TEST_P(connection_race, working_address_is_tried_first) {
  const auto loop = create_loop({silent_, server_address_});
  ASSERT_TRUE(get(*loop));
  // Too short for another attempt at the silent address.
  const auto result = get(*loop, {.connect_timeout = 200ms});
  ASSERT_TRUE(result) << describe(result.error());
}

TEST_P(connection_race, refusal_by_all_is_connect_failed) {
  const auto loop = create_loop({refusing_, refusing_});
  expect_error(get(*loop), fetch_error_kind::connect_failed,
               "connect to name.example:81: Connection refused");
}

TEST_P(connection_race, silence_of_one_is_connect_timeout) {
  for (const auto& addresses : {std::vector{silent_, refusing_}, {refusing_, silent_}, {silent_, silent_}}) {
    const auto loop = create_loop(addresses);
    expect_error(get(*loop, {.connect_timeout = 300ms}), fetch_error_kind::connect_timeout,
                 "no connection to name.example:81 within 300 ms");
  }
}

TEST_P(connection_race, destroyed_client_closes_its_attempts) {
  const auto loop = create_loop({refusing_, silent_, silent_});
  const auto descriptors = open_descriptors();
  {
    native_client client{*loop, {}};
    client.start(exchange_request{"http://name.example:81/"});
    while (open_descriptors() == descriptors) {
      EXPECT_EQ(loop->next_finished(), nullptr);
      loop->wait(native_loop::clock::now() + 1ms);
    }
  }
  EXPECT_EQ(open_descriptors(), descriptors);
}

}  // namespace
}  // namespace farebench
