#include "mock_server/mock_server_process.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "mock_server/stats_client.hpp"

namespace farebench {
namespace {

constexpr std::string_view ready_prefix = "listening on ";

child_process::options command_for(const mock_server_process::options& options, std::uint16_t port) {
  child_process::options command;
  command.executable = options.executable.empty() ? sibling_path("mock_server") : options.executable;
  const auto add = [&](const char* flag, std::string value) {
    command.arguments.emplace_back(flag);
    command.arguments.push_back(std::move(value));
  };
  add("--port", std::to_string(port));
  add("--latency", format_latency(options.latency));
  add("--seed", std::to_string(options.seed));
  add("--page-kb", std::to_string(options.page_kb));
  add("--engine", std::string{to_string(options.engine)});
  add("--connections", std::to_string(options.connections));
  if (!options.faults.empty()) add("--faults", options.faults);
  if (options.faults_until) add("--faults-until", std::to_string(*options.faults_until));
  if (!options.fault_log.empty()) add("--fault-log", options.fault_log.string());
  return command;
}

// Binds a port of 127.0.0.1 without listening. The kernel refuses connections and assigns the port to no
// other socket. With SO_REUSEADDR, the next server of the same user can still bind it.
file_descriptor reserve_port(std::uint16_t port) {
  file_descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (socket.get() < 0) throw std::system_error(errno, std::generic_category(), "socket");
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "bind 127.0.0.1:" + std::to_string(port));
  }
  return socket;
}

std::string describe_end(int wait_status) {
  if (WIFSIGNALED(wait_status)) return "by signal " + std::to_string(WTERMSIG(wait_status));
  return "with exit code " + std::to_string(WEXITSTATUS(wait_status));
}

}  // namespace

mock_server_process::mock_server_process(const options& settings) : options_(settings) { start(0); }

void mock_server_process::start(std::uint16_t port) {
  child_process& child = process_.emplace(command_for(options_, port));
  const auto first = child.read_line(options_.start_deadline);
  switch (first.status) {
    case child_process::read_status::line:
      if (!first.line.starts_with(ready_prefix)) {
        throw std::runtime_error("mock server: printed '" + first.line + "'; expected '" +
                                 std::string{ready_prefix} + "' and its address");
      }
      url_ = "http://" + first.line.substr(ready_prefix.size());
      return;
    case child_process::read_status::end_of_file:
      throw std::runtime_error("mock server: ended before it was ready, " + describe_end(child.stop()) +
                               "; the reason is on standard error");
    case child_process::read_status::timed_out:
      throw std::runtime_error("mock server: not ready within " +
                               std::to_string(options_.start_deadline.count()) + " ms");
  }
}

const std::string& mock_server_process::url() const { return url_; }

std::uint16_t mock_server_process::port() const {
  return static_cast<std::uint16_t>(std::stoul(url_.substr(url_.rfind(':') + 1)));
}

pid_t mock_server_process::pid() const { return process_->pid(); }

server_stats mock_server_process::stats() const { return fetch_stats(url_); }

void mock_server_process::stop() { process_->stop(); }

void mock_server_process::kill() {
  process_->kill();
  port_keeper_ = reserve_port(port());
}

void mock_server_process::restart() {
  start(port());
  port_keeper_.reset();
}

}  // namespace farebench
