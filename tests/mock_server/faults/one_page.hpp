#pragma once

#include <string>

#include "mock_server/site/results_page.hpp"
#include "tests/mock_server/site/queries.hpp"

// The response of a faulty_site without a fault.
namespace farebench {

inline const std::string page = results_page(query_on_day(0), 3);
/// The head of its responses, up to the fields that frame the body.
inline const std::string begin_of_head = "HTTP/1.1 200 \r\nContent-Type: text/html; charset=utf-8\r\n";

}  // namespace farebench
