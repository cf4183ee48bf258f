// httplib_client: cpp-httplib in blocking style, in a pool of threads. Each thread has its connection.

#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/clients/cpp/client.hpp"
#include "bench/probe/get_task.hpp"
#include "farebench/site_protocol.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

/// Limit of each connect, and of each wait for a part of a response.
constexpr auto timeout = 30s;

class httplib_client final : public item_runner {
 public:
  explicit httplib_client(const client_arguments& arguments) : arguments_{arguments} {}

  void run(item_batch& batch) override;

 private:
  void run_worker(item_batch& batch, httplib::Client& client) const;

  client_arguments arguments_;
  // One per worker; each has at most one connection.
  std::vector<std::unique_ptr<httplib::Client>> clients_;
};

std::unique_ptr<httplib::Client> make_client(const std::string& url) {
  auto client = std::make_unique<httplib::Client>(url);
  client->set_keep_alive(true);
  client->set_tcp_nodelay(true);
  client->set_connection_timeout(timeout);
  client->set_read_timeout(timeout);
  client->set_write_timeout(timeout);
  return client;
}

fetch_error transport_error(httplib::Error error) {
  const auto kind = error == httplib::Error::Connection ? fetch_error_kind::connect_failed
                                                        : fetch_error_kind::connection_lost;
  return {kind, httplib::to_string(error)};
}

/// Returns the error of a request that did not bring a page, if any.
std::optional<fetch_error> error_of(const httplib::Result& response) {
  if (!response) return transport_error(response.error());
  if (response->status != 200) return unexpected_status(static_cast<unsigned>(response->status));
  return std::nullopt;
}

item_outcome read_item(task_kind task, std::size_t index, std::string_view body) {
  item_reader reader{task, index};
  reader.feed(body);
  return reader.finish();
}

item_outcome get(httplib::Client& client, std::size_t index) {
  const auto page = client.Get(path_of_page(index));
  if (auto error = error_of(page)) return std::unexpected(*std::move(error));
  return read_item(task_kind::get, index, page->body);
}

item_outcome scrape(httplib::Client& client, std::size_t index) {
  const auto start_page = client.Get(std::string{start_page_path});
  if (auto error = error_of(start_page)) return std::unexpected(*std::move(error));
  std::string session;
  for (std::size_t i = 0; i < start_page->get_header_value_count("Set-Cookie") && session.empty(); ++i)
    session = session_cookie(start_page->get_header_value("Set-Cookie", i));
  if (session.empty()) return std::unexpected(no_session());

  const auto results = client.Post(std::string{search_path}, httplib::Headers{{"Cookie", session}},
                                   search_form(index), "application/x-www-form-urlencoded");
  if (auto error = error_of(results)) return std::unexpected(*std::move(error));
  return read_item(task_kind::scrape, index, results->body);
}

void httplib_client::run(item_batch& batch) {
  const auto workers = std::min(arguments_.workers, batch.size());
  while (clients_.size() < workers) clients_.push_back(make_client(arguments_.url));
  std::vector<std::jthread> threads;
  threads.reserve(workers);
  for (std::size_t worker = 0; worker < workers; ++worker)
    threads.emplace_back([this, &batch, &client = *clients_[worker]] { run_worker(batch, client); });
}

void httplib_client::run_worker(item_batch& batch, httplib::Client& client) const {
  while (const auto index = batch.start_next()) {
    const auto result = arguments_.task == task_kind::get ? get(client, *index) : scrape(client, *index);
    // Closes the connection.
    if (arguments_.connections == connection_mode::fresh) client.stop();
    batch.deliver(*index, result);
  }
}

}  // namespace
}  // namespace farebench

int main(int argc, char** argv) {
  return farebench::client_program(argc, argv, "cpp-httplib " CPPHTTPLIB_VERSION, [](const auto& arguments) {
    return std::make_unique<farebench::httplib_client>(arguments);
  });
}
