#include "tools/fares/fares.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace farebench {
namespace {

TEST(in_order, hands_on_each_as_soon_as_it_is_its_turn) {
  std::vector<std::size_t> seen;
  in_order ordered{[&](std::size_t index, const outcome&) { seen.push_back(index); }};
  ordered.add(2, outcome{});
  ordered.add(1, outcome{});
  EXPECT_THAT(seen, testing::IsEmpty());
  ordered.add(0, outcome{});
  EXPECT_THAT(seen, testing::ElementsAre(0, 1, 2));
  ordered.add(3, outcome{});
  EXPECT_THAT(seen, testing::ElementsAre(0, 1, 2, 3));
}

}  // namespace
}  // namespace farebench
