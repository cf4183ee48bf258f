#include <httplib.h>
#include <sys/prctl.h>

#include <future>
#include <stdexcept>
#include <thread>

#include "mock_server/engine/httplib_server.hpp"
#include "mock_server/engine/server_engine.hpp"

namespace farebench {
namespace {

// 256 connections of the clients that are measured, and a few for /stats beside them.
constexpr std::size_t connection_threads = 256 + 8;

// A thread a connection, all started before the first one comes. Counts what it is given.
class connection_threads_queue final : public httplib::TaskQueue {
 public:
  explicit connection_threads_queue(response_log& log) : log_(log), threads_(connection_threads) {}

  void enqueue(std::function<void()> serve) override {
    log_.connection_accepted();
    threads_.enqueue(std::move(serve));
  }
  void shutdown() override { threads_.shutdown(); }

 private:
  response_log& log_;
  httplib::ThreadPool threads_;
};

class httplib_engine final : public server_engine {
 public:
  httplib_engine(site& served, const options& how) : server_(served, how.latency) {
    if (how.faults) throw std::invalid_argument("the cpp-httplib engine has no faults");
    port_ = server_.bind(how.host, how.port);
    server_.new_task_queue = [this]() -> httplib::TaskQueue* {
      auto* const queue = new connection_threads_queue(server_.log());  // the library deletes it
      ready_.set_value();
      return queue;
    };
    acceptor_ = std::thread([this] {
      // The kernel may end a sleep this much late to spare wake-ups, 50 µs by default. Threads started
      // from here inherit it.
      ::prctl(PR_SET_TIMERSLACK, 1UL);
      server_.listen_after_bind();
    });
    ready_.get_future().wait();
  }

  ~httplib_engine() override { httplib_engine::stop(); }

  std::uint16_t port() const override { return port_; }
  server_stats stats() const override { return server_.stats(); }

  void stop() override {
    server_.interrupt_connections();
    server_.stop();  // is heard, since is_running() before the constructor returned
    if (acceptor_.joinable()) acceptor_.join();
  }

 private:
  httplib_server server_;
  std::uint16_t port_ = 0;
  std::promise<void> ready_;
  std::thread acceptor_;
};

}  // namespace

std::unique_ptr<server_engine> make_httplib_engine(site& served, const server_engine::options& how) {
  return std::make_unique<httplib_engine>(served, how);
}

std::unique_ptr<server_engine> make_engine(engine_kind kind, site& served,
                                           const server_engine::options& how) {
  return kind == engine_kind::beast ? make_event_engine(served, how) : make_httplib_engine(served, how);
}

std::string httplib_version() { return CPPHTTPLIB_VERSION; }

}  // namespace farebench
