#pragma once

#include <string>

#include "mock_server/site/results_page.hpp"
#include "tests/mock_server/site/queries.hpp"

// What a faulty_site answers without a fault.
namespace farebench {

inline const std::string page = results_page(query_on_day(0), 3);
/// The head of its answers, up to what frames the body.
inline const std::string begin_of_head = "HTTP/1.1 200 \r\nContent-Type: text/html; charset=utf-8\r\n";

}  // namespace farebench
