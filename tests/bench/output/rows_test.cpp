#include "bench/output/rows.hpp"

#include <gtest/gtest.h>

namespace farebench {
namespace {

TEST(row_ledger, keeps_repetitions_of_a_case_in_order) {
  row_ledger ledger;
  ledger.record("a", {.verdict = {.failure = "first"}});
  ledger.record("b", {});
  ledger.record("a", {.verdict = {.warning = "second"}});
  ASSERT_EQ(ledger.repetitions("a").size(), 2u);
  EXPECT_EQ(ledger.repetitions("a")[0].verdict.failure, "first");
  EXPECT_EQ(ledger.repetitions("a")[1].verdict.warning, "second");
  EXPECT_EQ(ledger.repetitions("b")[0].verdict, row_verdict{});
  EXPECT_TRUE(ledger.repetitions("c").empty());
}

TEST(row_ledger, counts_rows_and_failures_of_all_cases) {
  row_ledger ledger;
  EXPECT_EQ(ledger.failed_rows(), 0u);
  ledger.record("a", {.verdict = {.failure = "x"}});
  ledger.record("b", {.verdict = {.failure = "y", .warning = "z"}});
  ledger.record("b", {.verdict = {.warning = "z"}});
  EXPECT_EQ(ledger.rows(), 3u);
  EXPECT_EQ(ledger.failed_rows(), 2u);
}

TEST(one_line, replaces_what_breaks_a_line_or_json) {
  EXPECT_EQ(one_line(" a\nb\tc\x1b[1m \x7f"), "a b c [1m");
  EXPECT_EQ(one_line("\xff €"), "\xEF\xBF\xBD €");
  EXPECT_EQ(one_line("\n \n"), "");
  EXPECT_EQ(one_line("a\u202Eb\u009Bc"), "a\\u{202e}b\\x9bc");
}

}  // namespace
}  // namespace farebench
