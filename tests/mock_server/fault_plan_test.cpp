#include "mock_server/faults/fault_plan.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST(fault_table, each_fault_has_a_unique_snake_case_name) {
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

TEST(parse_faults, rates_are_read_exactly) {
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

TEST(parse_faults, order_of_entries_does_not_matter) {
  EXPECT_EQ(parse_faults("refuse:1%,huge_body:2%"), parse_faults("huge_body:2%,refuse:1.0%"));
}

TEST(format_faults, written_rates_are_read_back) {
  EXPECT_EQ(format_faults(*parse_faults("status_503:0.5%,no_cookie:0%,refuse:97.0001%,truncated_body:2%")),
            "refuse:97.0001%,truncated_body:2%,status_503:0.5%");
  EXPECT_EQ(format_faults({}), "");
  for (const char* rate : {"0.0001", "0.0029", "1.2345", "33.3333", "99.9999", "100"}) {
    const std::string text = "refuse:" + std::string{rate} + '%';
    EXPECT_EQ(format_faults(*parse_faults(text)), text);
  }
}

TEST(parse_faults, blanks_may_follow_commas) {
  EXPECT_EQ(parse_faults("refuse:1%, huge_body:2%"), parse_faults("refuse:1%,huge_body:2%"));
}

TEST(parse_faults, invalid_text_gives_one_line) {
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

TEST(parse_faults, unknown_name_lists_all_names) {
  const std::string reason = parse_faults("reset:2%").error();
  const std::string lines = describe_faults();
  for (const fault_description& fault : fault_table) {
    EXPECT_THAT(reason, HasSubstr(fault.name));
    EXPECT_THAT(lines, HasSubstr(fault.name));
    EXPECT_THAT(lines, HasSubstr(fault.meaning));
  }
  EXPECT_EQ(std::ranges::count(lines, '\n'), static_cast<std::ptrdiff_t>(fault_table.size()));
}

TEST(scrape_tag, valid_tag_has_date_and_attempt) {
  const auto tag = parse_scrape_tag("2026-03-01/12");
  ASSERT_TRUE(tag);
  EXPECT_EQ(tag->date, 2026y / 3 / 1);
  EXPECT_EQ(tag->attempt, 12u);
}

TEST(scrape_tag, invalid_tag_is_rejected) {
  for (const char* text :
       {"", "/", "2026-03-01", "2026-03-01/", "2026-03-01/0", "2026-03-01/-1", "2026-03-01/+1",
        "2026-03-01/1 ", " 2026-03-01/1", "2026-03-01/1/1", "2026-02-30/1", "01.03.26/1",
        "2026-03-01/1000001", "2026-03-01/99999999999999999999", "2026-03-01/one"}) {
    EXPECT_FALSE(parse_scrape_tag(text)) << text;
  }
}

attempt_step on_day(int day, int step, std::uint32_t attempt) {
  return {.date = std::chrono::sys_days{2026y / 1 / 1} + std::chrono::days{day},
          .session = {},
          .step = step,
          .attempt = attempt};
}

std::vector<std::optional<fault_kind>> faults_of(const fault_plan& plan) {
  std::vector<std::optional<fault_kind>> all;
  for (int day = 0; day < 500; ++day) {
    for (const int step : {1, 2}) {
      for (const std::uint32_t attempt : {1u, 2u, 3u})
        all.push_back(plan.fault_at(on_day(day, step, attempt)));
    }
  }
  return all;
}

TEST(fault_plan, same_seed_gives_same_faults) {
  const fault_rates rates = *parse_faults("refuse:10%,status_503:20%,huge_body:5%");
  EXPECT_EQ(faults_of({.rates = rates, .seed = 7}), faults_of({.rates = rates, .seed = 7}));
  EXPECT_NE(faults_of({.rates = rates, .seed = 7}), faults_of({.rates = rates, .seed = 8}));
}

// Committed results name their seed, so the same seed must give the same faults in every release.
TEST(fault_plan, seed_gives_same_faults_on_every_platform) {
  const fault_plan plan{.rates = *parse_faults("status_500:25%,status_502:25%,status_503:25%,status_504:25%"),
                        .seed = 7};
  std::string drawn;
  for (int day = 0; day < 10; ++day)
    drawn += std::string{to_string(*plan.fault_at(on_day(day, 2, 1))).substr(9)};
  EXPECT_EQ(drawn, "2033422234");
}

TEST(fault_plan, no_rate_or_unknown_exchange_gives_no_fault) {
  for (const auto& fault : faults_of({.seed = 7})) EXPECT_EQ(fault, std::nullopt);
  const fault_plan plan{.rates = *parse_faults("refuse:100%")};
  EXPECT_EQ(plan.fault_at({}), std::nullopt);
  EXPECT_EQ(plan.fault_at(on_day(0, 0, 1)), std::nullopt);
  EXPECT_EQ(plan.fault_at({.date = {}, .session = {}, .step = 2, .attempt = 1}), std::nullopt);
  EXPECT_EQ(plan.fault_at({.date = {}, .session = 3, .step = 1, .attempt = 1}), fault_kind::refuse);
}

TEST(fault_plan, rate_of_100_percent_hits_every_exchange) {
  for (const fault_description& fault : fault_table) {
    fault_plan plan;
    plan.rates.set(fault.kind, fault_rates::max_rate);
    for (const int step : {1, 2}) {
      for (int day = 0; day < 20; ++day) {
        EXPECT_EQ(plan.fault_at(on_day(day, step, 1)),
                  applies_to(fault.kind, step) ? std::optional{fault.kind} : std::nullopt)
            << fault.name;
      }
    }
  }
}

TEST(fault_plan, page_number_selects_the_fault) {
  const fault_plan plan{.rates = *parse_faults("status_500:25%,status_502:25%,status_503:25%,status_504:25%"),
                        .seed = 7,
                        .until_attempt = 1};
  std::string drawn;
  for (std::uint32_t number = 0; number < 10; ++number) {
    EXPECT_EQ(plan.fault_at_page(number), plan.fault_at({.page = number, .attempt = 1}));
    drawn += std::string{to_string(*plan.fault_at_page(number))}.substr(9);
  }
  EXPECT_EQ(drawn, "0002202430");
}

TEST(fault_plan, pages_meet_faults_of_both_steps) {
  for (const fault_description& fault : fault_table) {
    fault_plan plan;
    plan.rates.set(fault.kind, fault_rates::max_rate);
    EXPECT_EQ(plan.fault_at_page(17),
              fault.steps == fault_steps::both ? std::optional{fault.kind} : std::nullopt)
        << fault.name;
  }
}

TEST(fault_plan, attempts_after_the_limit_meet_no_fault) {
  const fault_plan plan{.rates = *parse_faults("refuse:100%"), .until_attempt = 2};
  for (int day = 0; day < 20; ++day) {
    EXPECT_EQ(plan.fault_at(on_day(day, 1, 2)), fault_kind::refuse);
    EXPECT_EQ(plan.fault_at(on_day(day, 1, 3)), std::nullopt);
  }
}

// Each count is within five standard deviations of its binomial distribution.
TEST(fault_plan, drawn_faults_have_the_given_rates) {
  const fault_plan plan{
      .rates = *parse_faults("refuse:2%,reset_mid_body:10%,status_503:30%,price_too_large:0.5%"), .seed = 7};
  constexpr int days = 20'000;
  for (const int step : {1, 2}) {
    std::array<int, fault_table.size()> counted{};
    for (int day = 0; day < days; ++day) {
      if (const auto fault = plan.fault_at(on_day(day, step, 1))) ++counted[static_cast<std::size_t>(*fault)];
    }
    for (const fault_description& fault : fault_table) {
      const double rate =
          applies_to(fault.kind, step) ? plan.rates.rate(fault.kind) / double{fault_rates::max_rate} : 0;
      EXPECT_NEAR(counted[static_cast<std::size_t>(fault.kind)], days * rate,
                  5 * std::sqrt(days * rate * (1 - rate)))
          << fault.name << " at step " << step;
    }
  }
}

TEST(fault_plan, steps_and_attempts_draw_independently) {
  const fault_plan plan{.rates = *parse_faults("status_503:50%"), .seed = 7};
  constexpr int days = 4'000;
  int same_as_other_step = 0;
  int same_as_next_attempt = 0;
  for (int day = 0; day < days; ++day) {
    const auto drawn = plan.fault_at(on_day(day, 2, 1));
    same_as_other_step += drawn == plan.fault_at(on_day(day, 1, 1));
    same_as_next_attempt += drawn == plan.fault_at(on_day(day, 2, 2));
  }
  const double deviation = 5 * std::sqrt(days * 0.25);
  EXPECT_NEAR(same_as_other_step, days * 0.5, deviation);
  EXPECT_NEAR(same_as_next_attempt, days * 0.5, deviation);
}

TEST(fault_plan, details_are_reproducible_and_differ_by_attempt) {
  const fault_plan plan{.rates = *parse_faults("status_503:50%"), .seed = 7};
  int different = 0;
  for (int day = 0; day < 100; ++day) {
    const auto number = [&] { return plan.details_at(on_day(day, 2, 1)).next(); };
    EXPECT_EQ(number(), number());
    different += number() != plan.details_at(on_day(day, 2, 2)).next();
  }
  EXPECT_EQ(different, 100);
}

}  // namespace
}  // namespace farebench
