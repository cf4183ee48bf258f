#include "tests/fuzz/server_line.hpp"

#include <string>
#include <variant>

#include "mock_server/engines/server_engine.hpp"
#include "mock_server/server_flags.hpp"
#include "tests/fuzz/law.hpp"

namespace farebench {

// The engines themselves stay out of this.
std::string boost_version() { return "none"; }
std::string httplib_version() { return "none"; }

}  // namespace farebench

namespace farebench::fuzz {

void read_server_line(int count, char** arguments) {
  const auto asked = read_server_flags(count, arguments);
  const auto* const end = std::get_if<server_end>(&asked);
  if (!end) return;
  expect(end->exit_code == 0 || end->exit_code == 2, "the exit code of a text or a refusal");
  if (end->exit_code == 2) expect_one_line(end->text, "mock_server refuses in one line");
}

}  // namespace farebench::fuzz
