#include "mock_server/mock_server_process.hpp"

#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "lib/system/child_process.hpp"
#include "mock_server/latency/latency_model.hpp"

namespace farebench {
namespace {

constexpr std::string_view ready_words = "listening on ";
constexpr std::chrono::seconds stats_deadline{10};

child_process::options command(const mock_server_process::options& what, std::uint16_t port) {
  child_process::options command{
      .executable = what.executable.empty() ? sibling_path("mock_server") : what.executable,
      .arguments = {"--port", std::to_string(port),             //
                    "--latency", format_latency(what.latency),  //
                    "--seed", std::to_string(what.seed),        //
                    "--page-kb", std::to_string(what.page_kb),  //
                    "--engine", std::string{to_string(what.engine)}}};
  const auto add = [&](const char* flag, std::string value) {
    command.arguments.emplace_back(flag);
    command.arguments.push_back(std::move(value));
  };
  if (!what.faults.empty()) add("--faults", what.faults);
  if (what.faults_until) add("--faults-until", std::to_string(*what.faults_until));
  if (!what.fault_log.empty()) add("--fault-log", what.fault_log.string());
  return command;
}

// Holds a port of 127.0.0.1 without listening, so that its connections are refused and no free port is asked
// of the kernel that is this one. Whoever listens there, or comes to, must be of the same user.
file_descriptor keep_port(std::uint16_t port) {
  file_descriptor keeper{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (keeper.get() < 0) throw std::system_error(errno, std::generic_category(), "socket");
  const int on = 1;
  ::setsockopt(keeper.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(keeper.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "bind 127.0.0.1:" + std::to_string(port));
  }
  return keeper;
}

std::string describe_end(int wait_status) {
  if (WIFSIGNALED(wait_status)) return "by signal " + std::to_string(WTERMSIG(wait_status));
  return "with exit code " + std::to_string(WEXITSTATUS(wait_status));
}

}  // namespace

mock_server_process::mock_server_process(const options& what) : what_(what) { start(0); }

void mock_server_process::start(std::uint16_t port) {
  child_process& child = process_.emplace(command(what_, port));
  const auto first = child.read_line(what_.start_deadline);
  switch (first.status) {
    case child_process::read_status::line:
      if (!first.line.starts_with(ready_words)) {
        throw std::runtime_error("mock server: said '" + first.line +
                                 "' where it should say where it listens");
      }
      url_ = "http://" + first.line.substr(ready_words.size());
      return;
    case child_process::read_status::end_of_file:
      throw std::runtime_error("mock server: ended before it was ready, " + describe_end(child.stop()) +
                               "; its reason is on standard error");
    case child_process::read_status::timed_out:
      throw std::runtime_error("mock server: not ready within " +
                               std::to_string(what_.start_deadline.count()) + " ms");
  }
}

const std::string& mock_server_process::url() const { return url_; }
pid_t mock_server_process::pid() const { return process_->pid(); }

server_stats mock_server_process::stats() const {
  httplib::Client client{url_};
  client.set_connection_timeout(stats_deadline);
  client.set_read_timeout(stats_deadline);
  const httplib::Result result = client.Get("/stats");
  if (!result) {
    throw std::runtime_error("mock server: no answer to GET /stats: " + httplib::to_string(result.error()));
  }
  if (result->status != 200) {
    throw std::runtime_error("mock server: GET /stats answered with " + std::to_string(result->status));
  }
  return parse_server_stats(result->body);
}

std::uint16_t mock_server_process::port() const {
  return static_cast<std::uint16_t>(std::stoul(url_.substr(url_.rfind(':') + 1)));
}

void mock_server_process::stop() { process_->stop(); }

void mock_server_process::kill() {
  process_->kill();
  port_keeper_ = keep_port(port());
}

void mock_server_process::restart() {
  start(port());
  port_keeper_.reset();
}

}  // namespace farebench
