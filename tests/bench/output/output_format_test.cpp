#include "bench/output/row_reporter.hpp"

#include <gtest/gtest.h>

namespace farebench {
namespace {

TEST(output_format, has_three_names) {
  EXPECT_EQ(parse_output_format("console"), output_format::console);
  EXPECT_EQ(parse_output_format("json"), output_format::json);
  EXPECT_EQ(parse_output_format("csv"), output_format::csv);
  EXPECT_FALSE(parse_output_format("JSON"));
  EXPECT_FALSE(parse_output_format(""));
}

}  // namespace
}  // namespace farebench
