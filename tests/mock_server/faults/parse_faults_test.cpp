#include "mock_server/faults/fault_plan.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace farebench {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST(fault_table, names_each_fault_once_in_snake_case) {
  std::set<std::string_view> names;
  for (const fault_description& fault : fault_table) {
    EXPECT_TRUE(names.insert(fault.name).second) << fault.name;
    EXPECT_EQ(fault.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string_view::npos);
    EXPECT_EQ(parse_fault_kind(fault.name), fault.kind);
    EXPECT_FALSE(fault.meaning.empty());
    EXPECT_EQ(fault.meaning.find('\n'), std::string_view::npos);
    EXPECT_TRUE(applies_to(fault.kind, 1) || applies_to(fault.kind, 2));
  }
  EXPECT_GE(names.size(), 25u);
  EXPECT_EQ(parse_fault_kind("none"), std::nullopt);
}

TEST(fault_text, reads_rates_exactly) {
  const auto rates = parse_faults("reset_mid_body:2%,status_503:0.0001%,refuse:97.5%,no_cookie:0%");
  ASSERT_TRUE(rates) << rates.error();
  EXPECT_EQ(rates->rate(fault_kind::reset_mid_body), 20'000u);
  EXPECT_EQ(rates->rate(fault_kind::status_503), 1u);
  EXPECT_EQ(rates->rate(fault_kind::refuse), 975'000u);
  EXPECT_EQ(rates->rate(fault_kind::no_cookie), 0u);
  EXPECT_EQ(rates->sum(), 995'001u);
  EXPECT_EQ(parse_faults("refuse:100%")->sum(), fault_rates::max_rate);
  EXPECT_EQ(parse_faults("refuse:50%,huge_body:50%")->sum(), fault_rates::max_rate);
}

TEST(fault_text, does_not_depend_on_the_order_of_its_entries) {
  EXPECT_EQ(parse_faults("refuse:1%,huge_body:2%"), parse_faults("huge_body:2%,refuse:1.0%"));
}

TEST(fault_text, reports_errors_on_one_line) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "no fault ''"},
      {"refuse:1%,", "no fault ''"},
      {"reset:2%", "no fault 'reset'"},
      {"Refuse:2%", "no fault 'Refuse'"},
      {" refuse:2%", "no fault ' refuse'"},
      {"refuse", "'refuse' has no rate"},
      {"refuse:", "'refuse:' has no rate"},
      {"refuse:2", "has no rate"},
      {"refuse:%", "has no rate"},
      {"refuse:-2%", "has no rate"},
      {"refuse:+2%", "has no rate"},
      {"refuse:2.%", "has no rate"},
      {"refuse:.5%", "has no rate"},
      {"refuse:1e1%", "has no rate"},
      {"refuse:0.00001%", "has no rate"},
      {"refuse:100.0001%", "has no rate"},
      {"refuse:99999999999%", "has no rate"},
      {"refuse:1%:2%", "has no rate"},
      {"refuse:1%,refuse:1%", "'refuse' is given twice"},
      {"refuse:60%,huge_body:40.5%", "100.5% together"},
  };
  for (const auto& [text, reason] : cases) {
    const auto rates = parse_faults(text);
    ASSERT_FALSE(rates) << text;
    EXPECT_THAT(rates.error(), HasSubstr(reason)) << text;
    EXPECT_THAT(rates.error(), Not(Contains('\n')));
  }
}

TEST(fault_text, lists_all_names_in_the_error) {
  const std::string reason = parse_faults("reset:2%").error();
  const std::string lines = describe_faults();
  for (const fault_description& fault : fault_table) {
    EXPECT_THAT(reason, HasSubstr(fault.name));
    EXPECT_THAT(lines, HasSubstr(fault.name));
    EXPECT_THAT(lines, HasSubstr(fault.meaning));
  }
  EXPECT_EQ(std::ranges::count(lines, '\n'), static_cast<std::ptrdiff_t>(fault_table.size()));
}

}  // namespace
}  // namespace farebench
