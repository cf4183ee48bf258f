#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <ostream>
#include <string>
#include <string_view>

#include "farebench/fare.hpp"
#include "mock_server/server_stats.hpp"
#include "mock_server/site/results_page.hpp"

// Queries, requests and pages that several tests use. Paths are written out, independently of the site.
namespace farebench {

inline const std::filesystem::path mock_server_program =
    std::filesystem::path{FAREBENCH_BIN_DIR} / "mock_server";

inline constexpr std::string_view search_path = "/m/?0-1.IFormSubmitListener-searchForm-form";
inline constexpr std::string_view form_type = "application/x-www-form-urlencoded";

/// Returns the query of the article's route, `day` days after 2026-01-01.
query query_on_day(int day);
/// Returns the form of that query.
std::string form_on_day(int day);

inline const std::string sample_page = results_page(query_on_day(0), 3);
/// First lines of a response's head that a fault script sends.
inline const std::string scripted_head = "HTTP/1.1 200 \r\nContent-Type: text/html; charset=utf-8\r\n";

/// GET /m/ on HTTP/1.1, without an X-Scrape header field.
inline constexpr std::string_view plain_start_request = "GET /m/ HTTP/1.1\r\nHost: x\r\n\r\n";
/// The two requests of a scrape. Attempt 0 has no X-Scrape header field.
std::string start_request(int day, int attempt);
std::string search_request(int day, int attempt, std::string_view cookie);
/// Returns the session cookie, "JSESSIONID=…", that a response sets; empty if it sets none.
std::string session_in(const std::string& response);

double in_ms(std::chrono::nanoseconds duration);

/// Name of a test's parameter.
std::string engine_name(const testing::TestParamInfo<engine_kind>& info);
/// Makes GoogleTest print the name of an engine instead of its bytes.
void PrintTo(engine_kind kind, std::ostream* out);  // NOLINT(readability-identifier-naming)

}  // namespace farebench
