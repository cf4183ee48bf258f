#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/fare.hpp"
#include "mock_server/engines/server_engine.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/site/site.hpp"
#include "tests/mock_server/engines/raw_client.hpp"

namespace farebench {

/// A site with faults behind the event engine, in this process, and the requests of a scrape as bytes. Of
/// each day the first attempt alone meets faults, unless a plan says otherwise.
class faulty_site {
 public:
  /// `faults`: as the flag has them.
  explicit faulty_site(std::string_view faults, std::filesystem::path log = {});
  faulty_site(const fault_plan& plan, std::chrono::nanoseconds latency, std::size_t page_kb,
              std::filesystem::path log);

  std::uint16_t port() const { return engine_->port(); }
  server_engine& engine() { return *engine_; }
  raw_client client() const { return raw_client{port()}; }

  /// Of the query of tests/mock_server/site/queries.hpp; `attempt` 0: without a tag.
  static std::string start_request(int day, int attempt);
  static std::string search_request(int day, int attempt, std::string_view cookie);
  /// Returns the cookie that a response to start_request sets.
  static std::string session_in(const std::string& response);
  /// Returns the cookie of a new session, started without a fault.
  std::string session() const;
  /// Sends the first attempt at a day's search, or at its start, on `raw`.
  void ask_search(raw_client& raw, int day = 0) const;
  void ask_start(raw_client& raw, int day = 0) const;
  /// Makes round trips on a connection of its own. Each runs the engine's one thread, which also handles what
  /// other clients have sent, and sends what is due to them.
  void run_engine(int round_trips = 20) const;

 private:
  site site_;
  std::unique_ptr<server_engine> engine_;
};

/// A file's name in the tests' folder, this process's alone; the file is removed before and after.
class log_file {
 public:
  log_file();
  ~log_file();
  log_file(const log_file&) = delete;
  log_file& operator=(const log_file&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::vector<std::string> lines() const;
  /// Waits until the file has at least so many lines; gives up after 20 s, which only a hang can reach.
  std::vector<std::string> wait_for_lines(std::size_t count) const;

 private:
  std::filesystem::path path_;
};

}  // namespace farebench
