#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mock_server/engines/server_engine.hpp"
#include "mock_server/faults/fault_injection.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/site/site.hpp"
#include "tests/mock_server/raw_client.hpp"

namespace farebench {

/// A site with faults, served by the Beast engine in this process.
class faulty_site {
 public:
  /// `faults` has the format of the flag --faults. Only first attempts meet them.
  explicit faulty_site(std::string_view faults, std::filesystem::path log = {});
  explicit faulty_site(const fault_settings& faults, std::chrono::nanoseconds latency = {},
                       std::size_t page_kb = 3);

  std::uint16_t port() const { return engine_->port(); }
  server_engine& engine() { return *engine_; }
  raw_client client() const { return raw_client{port()}; }

  /// Returns the cookie of a new session, started without a fault.
  std::string session() const;
  /// Sends the first attempt at a day's search, in a new session.
  void send_search(raw_client& raw, int day = 0) const;
  /// Makes round trips on a connection of its own. Each runs the engine's one thread, which also handles the
  /// requests of other clients and sends the responses that are due.
  void run_engine(int round_trips = 20) const;

 private:
  site site_;
  std::unique_ptr<server_engine> engine_;
};

/// Returns the plan of a fault that hits every first attempt.
fault_plan plan_of_first_attempts(std::string_view faults);

/// Path of a fault log in the tests' folder, of this process and test. The constructor and the destructor
/// remove the file.
class log_file {
 public:
  log_file();
  ~log_file();
  log_file(const log_file&) = delete;
  log_file& operator=(const log_file&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::vector<std::string> lines() const;
  /// Waits until the file has `count` lines or more. Gives up after test::hang_deadline.
  std::vector<std::string> wait_for_lines(std::size_t count) const;

 private:
  std::filesystem::path path_;
};

}  // namespace farebench
