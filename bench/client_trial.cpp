#include "bench/client_trial.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "bench/probe/scrape_task.hpp"
#include "farebench/date.hpp"
#include "lib/system/child_process.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/output_file.hpp"
#include "lib/system/quantities.hpp"
#include "mock_server/mock_server_process.hpp"
#include "mock_server/stats_client.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using read_status = child_process::read_status;

/// For a client whose first line is another one.
constexpr std::chrono::seconds other_line_timeout{5};

double seconds(clock::time_point time) {
  return std::chrono::duration<double>{time.time_since_epoch()}.count();
}

/// Reads the log of a mock server; see fault_log.
std::vector<logged_exchange> read_fault_log(const std::filesystem::path& path) {
  using std::chrono::sys_days;
  std::vector<logged_exchange> log;
  std::istringstream lines{read_file(path)};
  for (std::string line; std::getline(lines, line);) {
    const auto members = nlohmann::json::parse(line);
    auto& exchange = log.emplace_back();
    if (members.contains("page")) {
      exchange.item = members["page"].get<std::size_t>();
    } else if (members["date"].is_string()) {
      const auto date = parse_iso_date(members["date"].get<std::string>()).value();
      exchange.item = static_cast<std::size_t>((sys_days{date} - sys_days{query_of_day(0).date}).count());
    }
    if (members["fault"].is_string()) exchange.fault = parse_fault_kind(members["fault"].get<std::string>());
    if (members["status"].is_number()) exchange.status = members["status"].get<int>();
  }
  return log;
}

std::filesystem::path unused_log_path(const trial& tried) {
  if (tried.faults.empty()) return {};
  auto path = std::filesystem::temp_directory_path() / fmt::format("farebench-trial-{}.log", ::getpid());
  // A killed process with the same number may have left one.
  std::filesystem::remove(path);
  return path;
}

/// The processes of a trial, which end with it.
class trial_run {
 public:
  trial_run(const programs& used, const trial& tried, const trial_limits& limits)
      : trial_{tried},
        limits_{limits},
        log_{unused_log_path(tried)},
        server_{{.latency = tried.row.latency,
                 .seed = tried.row.seed,
                 .page_kb = tried.row.page_kb,
                 .faults = tried.faults,
                 .fault_log = log_,
                 .executable = used.mock_server}},
        client_{prepare(used)} {}
  ~trial_run() {
    std::error_code ignored;
    if (!log_.empty()) std::filesystem::remove(log_, ignored);
  }
  trial_run(const trial_run&) = delete;
  trial_run& operator=(const trial_run&) = delete;

  trial_result run() {
    if (start()) {
      if (trial_.ends_before_go || report()) end();
    }
    if (!trial_.faults.empty()) result_.log = read_fault_log(log_);
    return std::move(result_);
  }

 private:
  child_process::options prepare(const programs& used) {
    // Its port stays reserved.
    if (!trial_.has_server) server_.kill();
    auto process = client_process(used, trial_.row, server_.url());
    if (trial_.names_unknown_task) {
      const auto flag = std::find(process.arguments.rbegin(), process.arguments.rend(), "--task");
      *std::prev(flag) = "unknown";
    }
    return process;
  }

  server_stats stats(std::uint64_t own_connections) const {
    if (!trial_.has_server) return {};
    auto stats = server_.stats();
    stats.connections_accepted -= own_connections;
    return stats;
  }

  /// Returns the first line for which `is_expected` holds, and keeps the others. If there is none, `line` is
  /// empty.
  template <typename Predicate>
  child_process::read_result read_line(std::chrono::milliseconds timeout, Predicate is_expected,
                                       std::chrono::milliseconds timeout_after_other_line = 1h) {
    auto deadline = clock::now() + timeout;
    while (true) {
      auto read = client_.read_line(std::max<clock::duration>(deadline - clock::now(), 0ns));
      if (read.status != read_status::line || is_expected(read.line)) return read;
      result_.other_lines.push_back(std::move(read.line));
      deadline = std::min(deadline, clock::now() + timeout_after_other_line);
    }
  }

  std::string end_of_client() {
    const auto wait_status = client_.wait(limits_.end);
    return wait_status ? describe_end(*wait_status) : "closed its output and continued to run";
  }

  bool start() {
    const auto read = read_line(
        limits_.start, [](const std::string& line) { return line == client_ready; }, other_line_timeout);
    if (read.status == read_status::line) {
      result_.ready = stats(1);
      if (trial_.has_server) reset_stats(server_.url());
      return true;
    }
    if (read.status == read_status::end_of_file) {
      result_.start_failure = fmt::format("the client {} before it was ready", end_of_client());
      const auto wait_status = client_.wait(0ms);
      if (wait_status && WIFEXITED(*wait_status)) result_.start_exit_code = WEXITSTATUS(*wait_status);
    } else {
      result_.start_failure =
          fmt::format("not ready after {}",
                      format_duration(result_.other_lines.empty() ? limits_.start : other_line_timeout));
    }
    if (!result_.other_lines.empty())
      result_.start_failure += fmt::format("; it printed '{}'", printable(result_.other_lines.front()));
    return false;
  }

  bool report() {
    const auto go_at = clock::now();
    result_.go_at_s = seconds(go_at);
    client_.write_line(client_go);
    const auto read = read_line(limits_.batch, [](const std::string& line) {
      return line.starts_with('{') || line.starts_with(client_failed);
    });
    result_.report_at_s = seconds(clock::now());
    result_.reported = stats(1);
    result_.ended = result_.reported;
    if (read.status == read_status::end_of_file) {
      result_.batch_failure = fmt::format("the client {} before its report", end_of_client());
    } else if (read.status == read_status::timed_out) {
      result_.batch_failure = fmt::format("no report after {}", format_duration(limits_.batch));
      if (!result_.other_lines.empty())
        result_.batch_failure += fmt::format("; it printed '{}'", printable(result_.other_lines.front()));
    } else if (read.line.starts_with(client_failed)) {
      result_.batch_failure = fmt::format("the client reports '{}'", printable(read.line));
    } else {
      try {
        result_.report = parse_batch_report(read.line);
        return true;
      } catch (const std::runtime_error& error) {
        result_.batch_failure = error.what();
      }
    }
    return false;
  }

  void end() {
    switch (trial_.how) {
      case ending::exit:
        client_.write_line(client_exit);
        break;
      case ending::closed_input:
        client_.close_input();
        break;
      case ending::other_line:
        client_.write_line("other");
        break;
    }
    const auto read = read_line(limits_.end, [](const std::string&) { return false; });
    const auto wait_status = client_.wait(read.status == read_status::timed_out ? 0ms : limits_.end);
    const int expected = trial_.how == ending::exit ? 0 : 2;
    if (!wait_status) {
      result_.end_failure = fmt::format("the client still ran after {}", format_duration(limits_.end));
    } else if (!WIFEXITED(*wait_status) || WEXITSTATUS(*wait_status) != expected) {
      result_.end_failure = fmt::format("the client {}", describe_end(*wait_status));
    }
    result_.ended = stats(trial_.ends_before_go ? 1 : 2);
  }

  const trial trial_;
  const trial_limits limits_;
  /// Empty without faults.
  const std::filesystem::path log_;
  mock_server_process server_;
  child_process client_;
  trial_result result_;
};

}  // namespace

trial_result run_trial(const programs& used, const trial& tried, const trial_limits& limits) {
  return trial_run{used, tried, limits}.run();
}

}  // namespace farebench
