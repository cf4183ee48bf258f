#include "bench/output/rows.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace farebench {
namespace {

TEST(row_ledger, keeps_the_verdicts_of_a_case_in_order) {
  row_ledger ledger;
  ledger.record("a", {.failure = "first"});
  ledger.record("b", {});
  ledger.record("a", {.warning = "second"});
  EXPECT_EQ(ledger.verdict("a", 0).failure, "first");
  EXPECT_EQ(ledger.verdict("a", 1).warning, "second");
  EXPECT_EQ(ledger.verdict("b", 0), row_verdict{});
  EXPECT_EQ(ledger.repetitions("a"), 2U);
  EXPECT_EQ(ledger.failures("a"), 1U);
  EXPECT_EQ(ledger.warnings("a"), 1U);
  EXPECT_EQ(ledger.failures("b"), 0U);
}

TEST(row_ledger, counts_rows_and_failures_over_all_cases) {
  row_ledger ledger;
  EXPECT_EQ(ledger.failed_rows(), 0U);
  ledger.record("a", {.failure = "x"});
  ledger.record("b", {.failure = "y", .warning = "z"});
  ledger.record("b", {.warning = "z"});
  EXPECT_EQ(ledger.rows(), 3U);
  EXPECT_EQ(ledger.failed_rows(), 2U);
}

TEST(row_ledger, has_no_verdict_on_what_was_not_recorded) {
  row_ledger ledger;
  ledger.record("a", {});
  EXPECT_THROW(ledger.verdict("a", 1), std::logic_error);
  EXPECT_THROW(ledger.verdict("a", -1), std::logic_error);
  EXPECT_THROW(ledger.verdict("b", 0), std::logic_error);
  EXPECT_EQ(ledger.repetitions("b"), 0U);
}

}  // namespace
}  // namespace farebench
