#include "tests/mock_server/faulty_site.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <utility>

#include "tests/mock_server/samples.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {

fault_plan plan_of_first_attempts(std::string_view faults) {
  const auto rates = parse_faults(faults);
  if (!rates) throw std::invalid_argument(rates.error());
  return {.rates = *rates, .seed = 7, .until_attempt = 1};
}

faulty_site::faulty_site(std::string_view faults, std::filesystem::path log)
    : faulty_site({.plan = plan_of_first_attempts(faults), .log = std::move(log)}) {}

faulty_site::faulty_site(const fault_settings& faults, std::chrono::nanoseconds latency, std::size_t page_kb)
    : site_(page_kb), engine_(make_event_engine(site_, {.latency = {latency}, .faults = faults})) {}

std::string faulty_site::session() const {
  raw_client raw{port()};
  raw.send(start_request(0, 2));
  return session_in(raw.receive_response());
}

void faulty_site::send_search(raw_client& raw, int day) const { raw.send(search_request(day, 1, session())); }

void faulty_site::run_engine(int round_trips) const {
  raw_client raw{port()};
  for (int i = 0; i < round_trips; ++i) {
    raw.send(start_request(0, 2));
    raw.receive_response();
  }
}

log_file::log_file()
    : path_(std::filesystem::path{testing::TempDir()} /
            ("fault_log_" + std::to_string(::getpid()) + "_" +
             testing::UnitTest::GetInstance()->current_test_info()->name())) {
  std::filesystem::remove(path_);
}

log_file::~log_file() { std::filesystem::remove(path_); }

std::vector<std::string> log_file::lines() const {
  std::ifstream file{path_};
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> log_file::wait_for_lines(std::size_t count) const {
  std::vector<std::string> found;
  test::wait_until([&] { return (found = lines()).size() >= count; });
  return found;
}

}  // namespace farebench
