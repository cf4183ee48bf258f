#include "tests/mock_server/faults/faulty_site.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "farebench/date.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/site/results_page.hpp"
#include "tests/mock_server/site/queries.hpp"

namespace farebench {
namespace {

fault_plan first_attempts(std::string_view faults) {
  const auto rates = parse_faults(faults);
  if (!rates) throw std::invalid_argument(rates.error());
  return {.rates = *rates, .seed = 7, .until_attempt = 1};
}

std::string tag(int day, int attempt) {
  if (attempt == 0) return {};
  return "X-Scrape: " + format_iso_date(query_on_day(day).date) + "/" + std::to_string(attempt) + "\r\n";
}

}  // namespace

faulty_site::faulty_site(std::string_view faults, std::filesystem::path log)
    : faulty_site(first_attempts(faults), {}, 3, std::move(log)) {}

faulty_site::faulty_site(const fault_plan& plan, std::chrono::nanoseconds latency, std::size_t page_kb,
                         std::filesystem::path log)
    : site_(page_kb),
      engine_(make_event_engine(
          site_, {.latency = {latency}, .faults = fault_settings{.plan = plan, .log = std::move(log)}})) {}

std::string faulty_site::start_request(int day, int attempt) {
  return "GET " + std::string{start_target} + " HTTP/1.1\r\nHost: x\r\n" + tag(day, attempt) + "\r\n";
}

std::string faulty_site::search_request(int day, int attempt, std::string_view cookie) {
  const query search = query_on_day(day);
  const std::string form = "fromStation=" + search.from + "&toStation=" + search.to +
                           "&departure=" + format_form_date(search.date);
  return "POST " + std::string{search_target} + " HTTP/1.1\r\nHost: x\r\n" + tag(day, attempt) +
         "Cookie: " + std::string{cookie} +
         "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
         std::to_string(form.size()) + "\r\n\r\n" + form;
}

std::string faulty_site::session() const {
  raw_client raw{port()};
  raw.send(start_request(0, 2));
  return session_in(raw.receive_response());
}

std::string faulty_site::session_in(const std::string& response) {
  const std::size_t at = response.find("JSESSIONID=");
  return at == std::string::npos ? std::string{} : response.substr(at, response.find(';', at) - at);
}

void faulty_site::ask_search(raw_client& raw, int day) const { raw.send(search_request(day, 1, session())); }
void faulty_site::ask_start(raw_client& raw, int day) const { raw.send(start_request(day, 1)); }

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
  std::vector<std::string> all;
  for (std::string line; std::getline(file, line);) all.push_back(line);
  return all;
}

std::vector<std::string> log_file::wait_for_lines(std::size_t count) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  auto found = lines();
  while (found.size() < count && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
    found = lines();
  }
  return found;
}

}  // namespace farebench
