#include "mock_server/faults/fault_plan.hpp"

#include <gtest/gtest.h>

namespace farebench {
namespace {

using namespace std::chrono_literals;

TEST(scrape_tag, has_day_and_attempt) {
  const auto tag = parse_scrape_tag("2026-03-01/12");
  ASSERT_TRUE(tag);
  EXPECT_EQ(tag->date, 2026y / 3 / 1);
  EXPECT_EQ(tag->attempt, 12u);
}

TEST(scrape_tag, rejects_other_text) {
  for (const char* text :
       {"", "/", "2026-03-01", "2026-03-01/", "2026-03-01/0", "2026-03-01/-1", "2026-03-01/+1",
        "2026-03-01/1 ", " 2026-03-01/1", "2026-03-01/1/1", "2026-02-30/1", "01.03.26/1",
        "2026-03-01/1000001", "2026-03-01/99999999999999999999", "2026-03-01/one"}) {
    EXPECT_FALSE(parse_scrape_tag(text)) << text;
  }
}

}  // namespace
}  // namespace farebench
