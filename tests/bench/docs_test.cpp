// Tables in the documents equal the facts in the program.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "bench/clients/clients.hpp"
#include "bench/columns.hpp"

namespace farebench {
namespace {

/// Fails with the expected rows unless the document has them, in this order and with no others between them.
void expect_rows(const std::filesystem::path& document, const std::string& rows) {
  std::ifstream file{std::filesystem::path{FAREBENCH_SOURCE_DIR} / document};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_TRUE(text.contains("|\n" + rows + "\n")) << document << " must have this table:\n" << rows;
}

TEST(docs, columns_equal_program) {
  std::string rows;
  for (const auto& one : columns()) {
    rows += fmt::format("| `{}` | {} | {} | {} |\n", one.name, to_string(one.unit), to_string(one.better),
                        one.meaning);
  }
  expect_rows("docs/columns.md", rows);
}

TEST(docs, strategies_equal_program) {
  std::string all;
  std::string of_library;
  for (const auto& client : all_clients()) {
    all += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", client.name, client.family, client.language,
                       client.transport, client.control_flow, client.code_changes);
    if (client.kind == client_kind::library)
      of_library +=
          fmt::format("| `{}` | {} | {} |\n", client.name, client.control_flow, client.code_changes);
  }
  expect_rows("docs/strategies.md", all);
  expect_rows("README.md", of_library);
}

}  // namespace
}  // namespace farebench
