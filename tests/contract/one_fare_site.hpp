#pragma once

#include <string>

#include "tests/support/stub_server.hpp"

// Parts of a site with one fare per day, for stubs that break one of them.
namespace farebench::test {

inline std::string page() { return page_with("<div class='select-line'>07:05 10:40 Relax 12 249 CZK</div>"); }

inline bool is_search(const std::string& request) { return request.starts_with("POST "); }

inline stub_response start_page() {
  return {.bytes = http_response(200, "Set-Cookie: JSESSIONID=abc; Path=/\r\n", "<form></form>")};
}

inline stub_response page_of_fares() { return {.bytes = http_response(200, "", page())}; }

}  // namespace farebench::test
