// beast_client: Boost.Beast with Asio's coroutines. All connections are on one io_context, in one thread.

// Boost 1.74's coroutines lack it.
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/version.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bench/clients/cpp/client.hpp"
#include "bench/probe/get_task.hpp"
#include "farebench/site_protocol.hpp"

namespace farebench {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace net = boost::asio;
using net::use_awaitable;
using net::ip::tcp;
using namespace std::chrono_literals;

/// Limit of each connect and of each exchange.
constexpr auto timeout = 30s;

/// Size of a connection's receive buffer. Pages of it that no response reaches are not resident.
constexpr std::size_t buffer_bytes = 16 * 1024;

/// Body of a response. Its bytes go to an item_reader as they arrive, or are discarded if that is null.
struct item_body {
  using value_type = item_reader*;

  class reader {
   public:
    template <bool is_request, class Fields>
    reader(const http::header<is_request, Fields>&, value_type& sink) : sink_{sink} {}

    void init(const boost::optional<std::uint64_t>&, beast::error_code& error) { error = {}; }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, beast::error_code& error) {
      error = {};
      for (const net::const_buffer chunk : beast::buffers_range_ref(buffers)) {
        if (sink_ != nullptr) sink_->feed({static_cast<const char*>(chunk.data()), chunk.size()});
      }
      return beast::buffer_bytes(buffers);
    }

    void finish(beast::error_code& error) { error = {}; }

   private:
    value_type& sink_;
  };
};

using form_request = http::request<http::string_body>;
using item_response = http::response<item_body>;

/// A connection, closed at first and after an error.
struct connection {
  explicit connection(net::io_context& context) : stream{context} {}

  beast::tcp_stream stream;
  beast::flat_buffer buffer;
};

class beast_client final : public item_runner {
 public:
  explicit beast_client(const client_arguments& arguments);

  void run(item_batch& batch) override;

 private:
  net::awaitable<void> run_worker(item_batch& batch, connection& link);
  net::awaitable<item_outcome> fetch(connection& link, std::size_t index);
  net::awaitable<item_outcome> scrape(connection& link, std::size_t index);
  net::awaitable<item_outcome> get(connection& link, std::size_t index);
  net::awaitable<item_response> exchange(connection& link, form_request request, item_reader* reader);
  net::awaitable<void> connect(connection& link);

  form_request make_request(http::verb verb, std::string_view path) const;

  client_arguments arguments_;
  // Host and port, for the Host header field.
  std::string authority_;
  std::string host_;
  std::string port_;
  // Only one thread runs it.
  net::io_context context_{1};
  tcp::resolver::results_type endpoints_;
  // One per worker. A deque, because they cannot move while in use.
  std::deque<connection> connections_;
};

beast_client::beast_client(const client_arguments& arguments) : arguments_{arguments} {
  constexpr std::string_view scheme = "http://";
  const std::string_view url = arguments_.url;
  if (!url.starts_with(scheme)) throw std::invalid_argument{"--url: use http://HOST:PORT"};
  authority_ = url.substr(scheme.size());
  const auto colon = authority_.rfind(':');
  host_ = authority_.substr(0, colon);
  port_ = colon == std::string::npos ? "80" : authority_.substr(colon + 1);
}

void beast_client::run(item_batch& batch) {
  endpoints_ = tcp::resolver{context_}.resolve(host_, port_);
  const auto workers = std::min(arguments_.workers, batch.size());
  while (connections_.size() < workers) connections_.emplace_back(context_);
  for (std::size_t worker = 0; worker < workers; ++worker) {
    net::co_spawn(context_, run_worker(batch, connections_[worker]), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
  }
  context_.restart();
  context_.run();
}

net::awaitable<void> beast_client::run_worker(item_batch& batch, connection& link) {
  while (const auto index = batch.start_next()) {
    const item_outcome result = co_await fetch(link, *index);
    if (arguments_.connections == connection_mode::fresh || !result) link.stream.close();
    batch.deliver(*index, result);
  }
}

net::awaitable<item_outcome> beast_client::fetch(connection& link, std::size_t index) {
  try {
    if (!link.stream.socket().is_open()) co_await connect(link);
  } catch (const boost::system::system_error& error) {
    co_return std::unexpected(fetch_error{fetch_error_kind::connect_failed, error.code().message()});
  }
  try {
    if (arguments_.task == task_kind::get) co_return co_await get(link, index);
    co_return co_await scrape(link, index);
  } catch (const boost::system::system_error& error) {
    const auto kind = error.code() == beast::error::timeout ? fetch_error_kind::deadline_exceeded
                                                            : fetch_error_kind::connection_lost;
    co_return std::unexpected(fetch_error{kind, error.code().message()});
  }
}

net::awaitable<item_outcome> beast_client::get(connection& link, std::size_t index) {
  item_reader reader{task_kind::get, index};
  const auto response = co_await exchange(link, make_request(http::verb::get, path_of_page(index)), &reader);
  if (response.result() != http::status::ok)
    co_return std::unexpected(unexpected_status(response.result_int()));
  co_return reader.finish();
}

net::awaitable<item_outcome> beast_client::scrape(connection& link, std::size_t index) {
  const auto start_page = co_await exchange(link, make_request(http::verb::get, start_page_path), nullptr);
  if (start_page.result() != http::status::ok)
    co_return std::unexpected(unexpected_status(start_page.result_int()));
  std::string session;
  const auto [first, last] = start_page.equal_range(http::field::set_cookie);
  for (auto field = first; field != last && session.empty(); ++field) {
    const auto value = field->value();
    session = session_cookie({value.data(), value.size()});
  }
  if (session.empty()) co_return std::unexpected(no_session());

  auto search = make_request(http::verb::post, search_path);
  search.set(http::field::cookie, session);
  search.set(http::field::content_type, "application/x-www-form-urlencoded");
  search.body() = search_form(index);
  search.prepare_payload();
  item_reader reader{task_kind::scrape, index};
  const auto results = co_await exchange(link, std::move(search), &reader);
  if (results.result() != http::status::ok)
    co_return std::unexpected(unexpected_status(results.result_int()));
  co_return reader.finish();
}

net::awaitable<void> beast_client::connect(connection& link) {
  link.buffer.clear();
  link.buffer.reserve(buffer_bytes);
  link.stream.expires_after(timeout);
  co_await link.stream.async_connect(endpoints_, use_awaitable);
  link.stream.socket().set_option(tcp::no_delay{true});
}

/// Returns the head of the response; its body went to `reader`. Throws boost::system::system_error.
net::awaitable<item_response> beast_client::exchange(connection& link, form_request request,
                                                     item_reader* reader) {
  if (!link.stream.socket().is_open()) co_await connect(link);
  link.stream.expires_after(timeout);
  co_await http::async_write(link.stream, request, use_awaitable);
  item_response response;
  response.body() = reader;
  co_await http::async_read(link.stream, link.buffer, response, use_awaitable);
  if (!response.keep_alive()) link.stream.close();
  co_return response;
}

form_request beast_client::make_request(http::verb verb, std::string_view path) const {
  constexpr unsigned http_1_1 = 11;
  form_request request{verb, {path.data(), path.size()}, http_1_1};
  request.set(http::field::host, authority_);
  return request;
}

}  // namespace
}  // namespace farebench

int main(int argc, char** argv) {
  return farebench::client_program(argc, argv, "Boost.Beast " BOOST_LIB_VERSION, [](const auto& arguments) {
    return std::make_unique<farebench::beast_client>(arguments);
  });
}
