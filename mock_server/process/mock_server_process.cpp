#include "mock_server/process/mock_server_process.hpp"

#include <httplib.h>
#include <sys/wait.h>

#include <stdexcept>

#include "mock_server/latency/latency_text.hpp"
#include "mock_server/process/sibling.hpp"

namespace farebench {
namespace {

constexpr std::string_view ready_words = "listening on ";
constexpr std::chrono::seconds stats_deadline{10};

child_process::options command(const mock_server_process::options& what) {
  return {.executable = what.executable.empty() ? sibling_path("mock_server") : what.executable,
          .arguments = {"--port", "0",                              //
                        "--latency", format_latency(what.latency),  //
                        "--seed", std::to_string(what.seed),        //
                        "--page-kb", std::to_string(what.page_kb),  //
                        "--engine", std::string{name_of(what.engine)}}};
}

std::string describe_end(int wait_status) {
  if (WIFSIGNALED(wait_status)) return "by signal " + std::to_string(WTERMSIG(wait_status));
  return "with exit code " + std::to_string(WEXITSTATUS(wait_status));
}

}  // namespace

mock_server_process::mock_server_process(const options& what) : process_(command(what)) {
  const auto first = process_.read_line(what.start_deadline);
  switch (first.status) {
    case child_process::read_status::line:
      if (!first.line.starts_with(ready_words)) {
        throw std::runtime_error("mock server: said '" + first.line +
                                 "' where it should say where it listens");
      }
      url_ = "http://" + first.line.substr(ready_words.size());
      return;
    case child_process::read_status::end_of_file:
      throw std::runtime_error("mock server: ended before it was ready, " + describe_end(process_.stop()) +
                               "; its reason is on standard error");
    case child_process::read_status::timed_out:
      throw std::runtime_error("mock server: not ready within " +
                               std::to_string(what.start_deadline.count()) + " ms");
  }
}

const std::string& mock_server_process::url() const { return url_; }
pid_t mock_server_process::pid() const { return process_.pid(); }

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

void mock_server_process::stop() { process_.stop(); }

}  // namespace farebench
