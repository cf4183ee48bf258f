// All strategies on all transports have the same outcomes under the same faults.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/site/numbered_page.hpp"
#include "mock_server/site/timetable.hpp"
#include "tests/contract/every_strategy.hpp"
#include "tests/contract/sites.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

/// Returns all faults, at about 40 % together, but those whose effects depend on timing or that last until a
/// deadline.
std::string repeatable_faults() {
  using enum fault_kind;
  constexpr std::array excluded{refuse,        no_response,     reset_after_response,
                                late_response, dribble_headers, dribble_body};
  std::string text;
  for (const auto& fault : fault_table) {
    if (std::ranges::find(excluded, fault.kind) != excluded.end()) continue;
    text += fmt::format("{}{}:0.7%", text.empty() ? "" : ",", fault.name);
  }
  return text;
}

mock_server_process start_faulty_site() {
  return mock_server_process{{.seed = 17,
                              .page_kb = page_kb,
                              .engine = engine_kind::beast,
                              .faults = repeatable_faults(),
                              .executable = std::filesystem::path{FAREBENCH_BIN_DIR} / "mock_server"}};
}

/// Policy with retries that no clock and no other item's failures limit.
fetch_policy repeatable_policy() {
  fetch_policy policy;
  policy.tag_requests = true;
  policy.max_attempts = 2;
  policy.backoff_base = 0ms;
  policy.retry_after_cap = 0ms;
  policy.retry_floor = std::numeric_limits<std::uint32_t>::max();
  policy.exchange.exchange_deadline = 2 * hang_deadline;
  policy.scrape_deadline = 4 * hang_deadline;
  policy.exchange.max_body_bytes = 256 * 1024;
  policy.exchange.accept_compressed = true;
  return policy;
}

/// Returns a text for each outcome of a batch: the kind and status of an error, or what `text_of_success`
/// returns.
std::vector<std::string> run_to_texts(
    const tested_strategy& tested, const batch& work,
    const std::function<std::string(std::size_t, const outcome&)>& text_of_success) {
  collected_outcomes outcomes;
  tested.create()->run(work, outcomes.sink());
  EXPECT_EQ(outcomes.size(), work.size);
  std::vector<std::string> texts;
  for (const auto& [index, result] : outcomes.by_index()) {
    texts.push_back(result ? text_of_success(index, result)
                           : fmt::format("{} {}", to_string(result.error().kind), result.error().status));
  }
  return texts;
}

/// Runs a batch with each strategy on each transport. Expects the same texts.
void expect_same_outcomes(const batch& work,
                          const std::function<std::string(std::size_t, const outcome&)>& text_of_success) {
  std::vector<std::string> first;
  for (const auto& tested : list_strategies()) {
    SCOPED_TRACE(name_of_strategy(tested));
    const auto texts = run_to_texts(tested, work, text_of_success);
    if (first.empty()) first = texts;
    ASSERT_EQ(texts.size(), first.size());
    for (std::size_t index = 0; index < texts.size(); ++index)
      EXPECT_EQ(texts[index], first[index]) << "item " << index;
  }
  EXPECT_GT(std::set<std::string>(first.begin(), first.end()).size(), 6u) << "too few faults";
}

TEST(same_outcomes, faulty_scrapes_end_alike_on_all_transports) {
  const auto site = start_faulty_site();
  auto work = days_at(site.url(), 150, 10);
  work.policy = repeatable_policy();
  expect_same_outcomes(work, [](std::size_t index, const outcome& result) {
    EXPECT_EQ(*result, timetable(day(index), page_kb)) << "day " << index;
    return std::string{"success"};
  });
}

TEST(same_outcomes, faulty_pages_end_alike_on_all_transports) {
  const auto site = start_faulty_site();
  constexpr std::size_t pages = 150;
  std::vector<std::string> bodies(pages);
  batch work{.base_url = site.url(), .size = pages, .workers = 10, .policy = repeatable_policy()};
  work.pages = {.path_at =
                    [&](std::size_t index) {
                      bodies[index].clear();
                      return fmt::format("{}{}", numbered_page_path, index);
                    },
                .on_body = [&](std::size_t index, std::string_view chunk) { bodies[index] += chunk; }};
  expect_same_outcomes(work, [&](std::size_t index, const outcome&) {
    // Some faults cut the body of a valid response.
    const auto whole = page_body(static_cast<std::uint32_t>(index), page_kb);
    return bodies[index] == whole ? "success" : fmt::format("success with {} bytes", bodies[index].size());
  });
}

}  // namespace
}  // namespace farebench::test
