#include <boost/version.hpp>
#include <string>
#include <thread>

#include "mock_server/engine/event/event_server.hpp"
#include "mock_server/engine/server_engine.hpp"

namespace farebench {
namespace {

class event_engine final : public server_engine {
 public:
  event_engine(site& served, const options& how) : server_(served, how.latency, how.faults) {
    port_ = server_.listen(how.host, how.port);
    thread_ = std::thread([this] { server_.run(); });
  }

  ~event_engine() override { event_engine::stop(); }

  std::uint16_t port() const override { return port_; }
  server_stats stats() const override { return server_.served().stats(); }

  void stop() override {
    server_.stop();
    if (!thread_.joinable()) return;
    thread_.join();
    server_.close();
  }

 private:
  event_server server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<server_engine> make_event_engine(site& served, const server_engine::options& how) {
  return std::make_unique<event_engine>(served, how);
}

std::string boost_version() {
  return std::to_string(BOOST_VERSION / 100'000) + "." + std::to_string(BOOST_VERSION / 100 % 1'000) + "." +
         std::to_string(BOOST_VERSION % 100);
}

}  // namespace farebench
