#include "mock_server/stats_client.hpp"

#include <httplib.h>

#include <chrono>
#include <stdexcept>
#include <string_view>

namespace farebench {
namespace {

constexpr std::chrono::seconds connection_timeout{5};
constexpr std::chrono::seconds read_timeout{8};

std::string failure_text(const std::string& url, std::string_view reason) {
  return "mock server " + url + ": " + std::string{reason};
}

[[noreturn]] void fail(const std::string& url, std::string_view reason) {
  throw std::runtime_error(failure_text(url, reason));
}

// Returns the body of the response. `request` is for messages.
template <typename Send>
std::string send_request(const std::string& url, const std::string& request, int expected_status,
                         Send send) try {
  httplib::Client client{url};
  client.set_connection_timeout(connection_timeout);
  client.set_read_timeout(read_timeout);
  const httplib::Result response = send(client);
  if (!response) {
    const bool has_connected = response.error() != httplib::Error::Connection;
    throw server_lost(failure_text(
        url, "no response to " + request + ": " +
                 (has_connected ? httplib::to_string(response.error()) : "cannot connect; is it running?")));
  }
  if (response->status != expected_status) {
    fail(url, request + " returned status " + std::to_string(response->status) + "; expected " +
                  std::to_string(expected_status) + ": not a mock server, or too old");
  }
  return response->body;
} catch (const std::invalid_argument& error) {
  // The library's constructor throws it for an unknown scheme.
  fail(url, error.what());
}

}  // namespace

server_stats fetch_stats(const std::string& url) {
  const std::string json =
      send_request(url, "GET /stats", 200, [](auto& client) { return client.Get("/stats"); });
  try {
    return parse_server_stats(json);
  } catch (const std::runtime_error& error) {
    fail(url, error.what());
  }
}

void reset_stats(const std::string& url) {
  send_request(url, "DELETE /stats", 204, [](auto& client) { return client.Delete("/stats"); });
}

}  // namespace farebench
