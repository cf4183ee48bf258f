#include "tests/mock_server/samples.hpp"

#include <cstddef>

#include "farebench/date.hpp"

namespace farebench {
namespace {

std::string tag(int day, int attempt) {
  if (attempt == 0) return {};
  return "X-Scrape: " + format_iso_date(query_on_day(day).date) + "/" + std::to_string(attempt) + "\r\n";
}

}  // namespace

query query_on_day(int day) {
  using namespace std::chrono;
  return {"ID10202003", "ID10202002", sys_days{2026y / January / 1} + days{day}};
}

std::string form_on_day(int day) {
  return "fromStation=ID10202003&toStation=ID10202002&departure=" + format_form_date(query_on_day(day).date);
}

std::string start_request(int day, int attempt) {
  return "GET /m/ HTTP/1.1\r\nHost: x\r\n" + tag(day, attempt) + "\r\n";
}

std::string search_request(int day, int attempt, std::string_view cookie) {
  const std::string form = form_on_day(day);
  return "POST " + std::string{search_path} + " HTTP/1.1\r\nHost: x\r\n" + tag(day, attempt) +
         "Cookie: " + std::string{cookie} + "\r\nContent-Type: " + std::string{form_type} +
         "\r\nContent-Length: " + std::to_string(form.size()) + "\r\n\r\n" + form;
}

std::string session_in(const std::string& response) {
  const std::size_t begin = response.find("JSESSIONID=");
  return begin == std::string::npos ? std::string{}
                                    : response.substr(begin, response.find(';', begin) - begin);
}

double in_ms(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>{duration}.count();
}

std::string engine_name(const testing::TestParamInfo<engine_kind>& info) {
  return info.param == engine_kind::beast ? "beast" : "cpp_httplib";
}

void PrintTo(engine_kind kind, std::ostream* out) { *out << to_string(kind); }

}  // namespace farebench
