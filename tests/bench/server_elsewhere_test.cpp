#include "bench/server_elsewhere.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <fstream>
#include <string>

#include "bench/clients/clients.hpp"
#include "bench/flags.hpp"
#include "bench/suite.hpp"
#include "lib/system/host_identity.hpp"
#include "mock_server/mock_server_process.hpp"
#include "mock_server/stats_client.hpp"
#include "tests/bench/made_up.hpp"
#include "tests/bench/scratch_folder.hpp"
#include "tests/support/stub_server.hpp"
#include "tests/support/waiting.hpp"

// Two network namespaces, and a cut between them: two_hosts_test.py.

namespace farebench {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

/// Responds to each request with the stats of a server in this network.
test::stub_server server_in_network(const std::string& network) {
  return test::stub_server{[network](const std::string&) {
    return test::stub_response{.bytes = test::http_response(200, "", to_json({.network = network}))};
  }};
}

TEST(server_elsewhere, forwarder_on_loopback_is_refused) {
  const auto forwarder = server_in_network("0123456789abcdef");
  EXPECT_THAT([&] { fetch_settings(forwarder.url()); },
              ThrowsMessage<flag_error>(HasSubstr("write the server's own address")));
}

TEST(server_elsewhere, loopback_of_own_network_is_accepted) {
  const auto here = server_in_network(network_id());
  EXPECT_EQ(fetch_settings(here.url()).network, network_id());
  const auto older = server_in_network("");
  EXPECT_EQ(fetch_settings(older.url()).network, "");
}

TEST(server_elsewhere, refusing_loopback_names_other_host_flags) {
  EXPECT_THAT([] { fetch_settings(test::url_of_closed_port()); },
              ThrowsMessage<server_lost>(HasSubstr("mock_server --host ADDRESS --listen-publicly")));
}

/// Listens on a loopback port. Connections are accepted by the test.
class manual_listener {
 public:
  manual_listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const bytes = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_.get(), bytes, size) != 0 || ::listen(socket_.get(), 8) != 0 ||
        ::getsockname(socket_.get(), bytes, &size) != 0)
      throw_system_error("listen");
    url_ = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
  }

  const std::string& url() const { return url_; }
  file_descriptor accept() { return checked_descriptor(::accept(socket_.get(), nullptr, nullptr), "accept"); }
  void close() { socket_.reset(); }

 private:
  file_descriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::string url_;
};

TEST(server_elsewhere, closed_idle_connection_is_opened_again) {
  manual_listener listener;
  server_watch watch{listener.url()};
  EXPECT_EQ(watch.connections(), 1u);
  watch.reset_count();
  for (const bool is_reset : {false, true}) {
    auto accepted = listener.accept();
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    if (is_reset) ::setsockopt(accepted.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    const auto before = watch.connections();
    accepted.reset();
    EXPECT_TRUE(test::wait_until([&] {
      watch.check();
      watch.finish_connecting();
      return watch.connections() == before + 1;
    }));
  }
}

TEST(server_elsewhere, ended_server_is_lost) {
  manual_listener listener;
  server_watch watch{listener.url()};
  listener.accept();
  listener.close();
  EXPECT_THAT(
      [&] {
        test::wait_until([&] {
          watch.check();
          return false;
        });
      },
      ThrowsMessage<server_lost>("server lost: " + listener.url() +
                                 " cannot be connected to: Connection refused"));
}

// The client of the row kills the server during its batch, and then would wait for ever.
TEST(server_elsewhere, run_ends_after_row_without_server) {
  const scratch_folder folder;
  mock_server_process server{{.executable = FAREBENCH_BIN_DIR "/mock_server"}};
  std::ofstream{folder / "client"} << "echo farebench-client 2 ready; read go; kill -9 `cat "
                                   << (folder / "pid").string() << "`; read never\n";
  benchmark_case row = made_up_case();
  row.strategy = "client:killer";
  row.program = make_client("killer", "sh " + (folder / "client").string());
  suite measured{{.with = {.mock_server = {},
                           .fetch_probe = {},
                           .heap_count = HEAP_COUNT_LIBRARY,
                           .server_url = server.url()}},
                 nullptr,
                 nullptr};
  // Restarted, the server is measured again.
  for (int repetition = 0; repetition < 2; ++repetition) {
    if (repetition > 0) {
      server.kill();
      server.restart();
    }
    std::ofstream{folder / "pid"} << server.pid() << '\n';
    const auto finished = measured.measure(row);
    ASSERT_TRUE(finished);
    EXPECT_THAT(finished->verdict.failure, HasSubstr("server lost: " + server.url()));
    EXPECT_FALSE(measured.has_lost_server());
  }
  EXPECT_FALSE(measured.measure(row));
  EXPECT_TRUE(measured.has_lost_server());
  EXPECT_EQ(measured.ledger().rows(), 2u);
}

}  // namespace
}  // namespace farebench
