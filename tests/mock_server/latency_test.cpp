#include "mock_server/latency/latency_model.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <vector>

#include "mock_server/engines/server_engine.hpp"
#include "tests/mock_server/samples.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t draws = 100'000;

/// Returns draws in milliseconds, sorted.
std::vector<double> sorted_draws(const latency_model& model, std::uint64_t seed = 1) {
  random_stream random{seed};
  std::vector<double> drawn;
  drawn.reserve(draws);
  for (std::size_t i = 0; i < draws; ++i) {
    drawn.push_back(in_ms(model.draw(random)));
  }
  std::ranges::sort(drawn);
  return drawn;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double variance(const std::vector<double>& values) {
  const double middle = mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - middle) * (value - middle);
  return sum / static_cast<double>(values.size() - 1);
}

TEST(latency_model, fixed_latency_draws_no_random_number) {
  const latency_model model = 20ms;
  random_stream random{1};
  EXPECT_EQ(model.draw(random), 20ms);
  EXPECT_EQ(model.mean(), 20ms);
  EXPECT_EQ(random.next(), random_stream{1}.next());
  EXPECT_EQ(latency_model{0ms}.mean(), 0ms);
}

// Tolerances are four standard errors of 100,000 draws.
TEST(latency_model, uniform_draws_have_mean_and_variance) {
  const latency_model model = latency_model::uniform(10ms, 30ms);
  const auto drawn = sorted_draws(model);
  EXPECT_GE(drawn.front(), 10.0);
  EXPECT_LE(drawn.back(), 30.0);
  EXPECT_NEAR(mean(drawn), 20.0, 4 * 5.774 / std::sqrt(draws));
  EXPECT_EQ(model.mean(), 20ms);
  EXPECT_NEAR(variance(drawn), 400.0 / 12, 0.4);
  EXPECT_NEAR(drawn[draws / 2], 20.0, 0.13);
  EXPECT_NEAR(drawn[draws * 99 / 100], 29.8, 0.03);
}

TEST(latency_model, lognormal_draws_have_percentiles_and_moments) {
  const latency_model model = latency_model::lognormal(20ms, 80ms);
  const double sigma = std::log(4.0) / 2.3263478740408408;
  const double true_mean = 20 * std::exp(sigma * sigma / 2);
  const double true_variance = true_mean * true_mean * (std::exp(sigma * sigma) - 1);
  const auto drawn = sorted_draws(model);
  EXPECT_GT(drawn.front(), 0.0);
  EXPECT_NEAR(drawn[draws / 2], 20.0, 0.2);
  EXPECT_NEAR(drawn[draws * 99 / 100], 80.0, 2.3);
  EXPECT_NEAR(in_ms(model.mean()), true_mean, 1e-5);
  EXPECT_NEAR(mean(drawn), true_mean, 4 * std::sqrt(true_variance / draws));
  EXPECT_NEAR(variance(drawn), true_variance, 0.07 * true_variance);
}

TEST(latency_model, quantiles_equal_the_parameters) {
  EXPECT_EQ(latency_model::uniform(10ms, 30ms).quantile(0.25), 15ms);
  EXPECT_EQ(latency_model::lognormal(20ms, 80ms).quantile(0.5), 20ms);
  EXPECT_NEAR(in_ms(latency_model::lognormal(20ms, 80ms).quantile(0.99)), 80.0, 1e-5);
  EXPECT_EQ(latency_model{5ms}.quantile(0.99), 5ms);
}

TEST(latency_model, seed_gives_same_draws_on_every_platform) {
  random_stream random{42};
  const latency_model lognormal = latency_model::lognormal(20ms, 80ms);
  const nanoseconds first = lognormal.draw(random);
  const nanoseconds second = lognormal.draw(random);
  EXPECT_NEAR(static_cast<double>(first.count()), 29'429'211.1, 1);
  EXPECT_NEAR(static_cast<double>(second.count()), 11'055'247.5, 1);
  EXPECT_EQ(sorted_draws(lognormal, 7), sorted_draws(lognormal, 7));
  EXPECT_NE(sorted_draws(lognormal, 7), sorted_draws(lognormal, 8));
}

TEST(latency_model, draws_are_at_most_an_hour) {
  const latency_model model = latency_model::lognormal(1us, 1h);
  random_stream random{1};
  double sum_ms = 0;
  for (std::size_t i = 0; i < draws; ++i) {
    const nanoseconds drawn = model.draw(random);
    ASSERT_GE(drawn, 0ns);
    ASSERT_LE(drawn, 1h);
    sum_ms += in_ms(drawn);
  }
  EXPECT_NEAR(in_ms(model.mean()), sum_ms / draws, 0.1 * in_ms(model.mean()))
      << "the mean is not that of bounded draws";
}

TEST(latency_model, invalid_parameters_throw) {
  EXPECT_THROW(latency_model{-1ns}, std::invalid_argument);
  EXPECT_THROW(latency_model{2h}, std::invalid_argument);
  EXPECT_THROW(latency_model::uniform(3ms, 2ms), std::invalid_argument);
  EXPECT_THROW(latency_model::lognormal(0ms, 2ms), std::invalid_argument);
  EXPECT_THROW(latency_model::lognormal(2ms, 2ms), std::invalid_argument);
  EXPECT_NO_THROW(latency_model::uniform(2ms, 2ms));
}

TEST(parse_latency, duration_gives_fixed_latency) {
  EXPECT_EQ(parse_latency("20ms").value(), latency_model{20ms});
  EXPECT_EQ(parse_latency("0").value(), latency_model{0ms});
}

TEST(parse_latency, parameters_give_their_distribution) {
  EXPECT_EQ(parse_latency("uniform:10ms-30ms").value(), latency_model::uniform(10ms, 30ms));
  EXPECT_EQ(parse_latency("uniform:0-250us").value(), latency_model::uniform(0ms, 250us));
  EXPECT_EQ(parse_latency("lognormal:20ms,p99=80ms").value(), latency_model::lognormal(20ms, 80ms));
  EXPECT_EQ(parse_latency("lognormal:1.5s,p99=3s").value(), latency_model::lognormal(1500ms, 3s));
}

TEST(parse_latency, invalid_text_gives_one_line_with_expected_form) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "20ms"},
      {"20", "20ms"},
      {"-5ms", "negative"},
      {"normal:20ms", "unknown distribution 'normal'"},
      {"uniform:", "uniform:10ms-30ms"},
      {"uniform:20ms", "uniform:10ms-30ms"},
      {"uniform:10-30ms", "no unit"},
      {"uniform:30ms-10ms", "ends before it starts"},
      {"uniform:1ms-2ms-3ms", "unknown unit"},
      {"uniform:1ms-2h", "unknown unit"},
      {"lognormal:20ms", "lognormal:20ms,p99=80ms"},
      {"lognormal:20ms,p95=80ms", "lognormal:20ms,p99=80ms"},
      {"lognormal:20ms,p99=", "no number"},
      {"lognormal:20ms,p99=20ms", "longer than the median"},
      {"lognormal:0,p99=20ms", "median of zero"},
  };
  for (const auto& [text, reason] : cases) {
    const auto parsed = parse_latency(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error(), HasSubstr(reason)) << text;
    EXPECT_THAT(parsed.error(), Not(HasSubstr("\n")));
  }
}

TEST(format_latency, formatted_latency_parses_to_itself) {
  for (const char* text : {"0", "20ms", "1.5s", "uniform:10ms-30ms", "uniform:0-250us",
                           "lognormal:20ms,p99=80ms", "lognormal:1.001ms,p99=3600s"}) {
    EXPECT_EQ(format_latency(parse_latency(text).value()), text);
  }
}

const latency_model sample_model = latency_model::lognormal(20ms, 80ms);

std::vector<query> queries_of_days(int count) {
  std::vector<query> queries(static_cast<std::size_t>(count));
  std::ranges::generate(queries, [day = 0]() mutable { return query_on_day(day++); });
  return queries;
}

TEST(scrape_latencies, same_seed_gives_same_latencies) {
  const auto queries = queries_of_days(50);
  const auto first = latencies_of(sample_model, 1, queries);
  EXPECT_EQ(first.starts, latencies_of(sample_model, 1, queries).starts);
  EXPECT_EQ(first.searches, latencies_of(sample_model, 1, queries).searches);
  EXPECT_NE(first.starts, latencies_of(sample_model, 2, queries).starts);
  EXPECT_NE(first.searches, latencies_of(sample_model, 2, queries).searches);
}

TEST(scrape_latencies, ordinal_and_query_select_the_latency) {
  const query search = query_on_day(0);
  std::set<nanoseconds> drawn{search_latency(sample_model, 1, search),
                              search_latency(sample_model, 1, {search.to, search.from, search.date}),
                              search_latency(sample_model, 1, {search.from, search.from, search.date}),
                              search_latency(sample_model, 1, query_on_day(1)),
                              start_latency(sample_model, 1, 0),
                              start_latency(sample_model, 1, 1),
                              page_latency(sample_model, 1, 0),
                              page_latency(sample_model, 1, 1)};
  EXPECT_EQ(drawn.size(), 8u);
}

TEST(scrape_latencies, number_of_days_does_not_change_latencies) {
  const auto of_3_days = latencies_of(sample_model, 1, queries_of_days(3));
  const auto of_30_days = latencies_of(sample_model, 1, queries_of_days(30));
  EXPECT_TRUE(std::ranges::equal(of_3_days.starts, std::span{of_30_days.starts}.first(3)));
  EXPECT_TRUE(std::ranges::equal(of_3_days.searches, std::span{of_30_days.searches}.first(3)));
}

TEST(scrape_latencies, both_steps_have_the_models_percentiles) {
  auto latencies = latencies_of(sample_model, 3, queries_of_days(20'000));
  for (auto* const step : {&latencies.starts, &latencies.searches}) {
    std::ranges::sort(*step);
    EXPECT_NEAR(static_cast<double>((*step)[10'000].count()), 20e6, 4e5);
    EXPECT_NEAR(static_cast<double>((*step)[19'800].count()), 80e6, 5e6);
  }
}

TEST(scrape_latencies, sum_and_maxima_of_a_batch_are_correct) {
  const scrape_latencies given{.starts = {5ms, 1ms, 3ms}, .searches = {4ms, 9ms, 1ms}};
  EXPECT_EQ(given.sum(), 23ms);
  EXPECT_EQ(given.max_scrape(), 10ms) << "pairs 1 + 9, 3 + 4, 5 + 1";
  EXPECT_EQ(scrape_latencies{}.max_scrape(), 0ms);
  EXPECT_EQ(given.max_exchange(), 9ms);
  EXPECT_EQ(scrape_latencies{}.max_exchange(), 0ms);
}

TEST(scrape_latencies, max_scrape_is_lowest_over_all_pairings) {
  const auto latencies = latencies_of(sample_model, 9, queries_of_days(6));
  auto starts = latencies.starts;
  std::ranges::sort(starts);
  nanoseconds min_longest = 1h;
  do {
    nanoseconds longest{0};
    for (std::size_t i = 0; i < starts.size(); ++i)
      longest = std::max(longest, starts[i] + latencies.searches[i]);
    min_longest = std::min(min_longest, longest);
  } while (std::ranges::next_permutation(starts).found);
  EXPECT_EQ(latencies.max_scrape(), min_longest);
}

TEST(page_latencies, seed_and_number_select_the_latency) {
  const auto of_30 = latencies_of_pages(sample_model, 1, 30);
  ASSERT_EQ(of_30.pages.size(), 30u);
  EXPECT_EQ(of_30.pages[17], page_latency(sample_model, 1, 17));
  EXPECT_TRUE(
      std::ranges::equal(latencies_of_pages(sample_model, 1, 3).pages, std::span{of_30.pages}.first(3)));
  EXPECT_NE(of_30.pages, latencies_of_pages(sample_model, 2, 30).pages);
  EXPECT_EQ(latencies_of_pages(20ms, 1, 2).pages, (std::vector<nanoseconds>{20ms, 20ms}));
}

TEST(page_latencies, draws_have_the_models_percentiles) {
  auto pages = latencies_of_pages(sample_model, 3, 20'000).pages;
  std::ranges::sort(pages);
  EXPECT_NEAR(static_cast<double>(pages[10'000].count()), 20e6, 4e5);
  EXPECT_NEAR(static_cast<double>(pages[19'800].count()), 80e6, 5e6);
}

TEST(page_latencies, sum_maximum_and_min_wall_are_correct) {
  const page_latencies given{.pages = {5ms, 1ms, 3ms}};
  EXPECT_EQ(given.sum(), 9ms);
  EXPECT_EQ(given.max_exchange(), 5ms);
  EXPECT_EQ(page_latencies{}.max_exchange(), 0ms);
  EXPECT_EQ(min_wall(given, 1), 9ms);
  EXPECT_EQ(min_wall(given, 2), 5ms);
  EXPECT_EQ(min_wall(latencies_of_pages(20ms, 0, 100), 100), 20ms);
  EXPECT_EQ(min_wall(latencies_of_pages(20ms, 0, 100), 1), 2s);
}

TEST(min_wall, more_workers_share_sum_until_longest_scrape) {
  const scrape_latencies given{.starts = {5ms, 1ms, 3ms}, .searches = {4ms, 9ms, 1ms}};
  EXPECT_EQ(min_wall(given, 1), 23ms);
  EXPECT_EQ(min_wall(given, 2), 11'500us);
  EXPECT_EQ(min_wall(given, 3), 10ms);
  EXPECT_EQ(min_wall(given, 100), 10ms);
}

TEST(min_wall, one_worker_per_day_needs_two_latencies) {
  EXPECT_EQ(min_wall(latencies_of(20ms, 0, queries_of_days(100)), 100), 40ms);
  EXPECT_EQ(min_wall(latencies_of(20ms, 0, queries_of_days(100)), 1), 4s);
}

const response_latency random_latency{.model = sample_model, .seed = 5};

site_response post_search(site& tickets, const site_response& start, std::string_view form) {
  return tickets.respond({.method = "POST",
                          .target = search_path,
                          .cookie = std::string_view{start.set_cookie}.substr(0, start.set_cookie.find(';')),
                          .content_type = form_type,
                          .body = form});
}

TEST(response_latency, page_number_selects_the_latency) {
  site tickets{3};
  const auto page = tickets.respond({.method = "GET", .target = "/page/17"});
  EXPECT_EQ(random_latency.of(page), page_latency(random_latency.model, 5, 17));
}

TEST(response_latency, session_and_search_select_the_latency) {
  site tickets{3};
  const auto first = tickets.respond({.method = "GET", .target = "/m/"});
  const auto second = tickets.respond({.method = "GET", .target = "/m/"});
  EXPECT_EQ(random_latency.of(first), start_latency(random_latency.model, 5, 0));
  EXPECT_EQ(random_latency.of(second), start_latency(random_latency.model, 5, 1));
  const auto found = post_search(tickets, second, form_on_day(3));
  EXPECT_EQ(random_latency.of(found), search_latency(random_latency.model, 5, query_on_day(3)));
}

TEST(response_latency, other_response_has_mean_latency) {
  site tickets{3};
  const auto start = tickets.respond({.method = "GET", .target = "/m/"});
  EXPECT_EQ(random_latency.of(post_search(tickets, start, "departure=x")), random_latency.model.mean());
  EXPECT_EQ(random_latency.of(tickets.respond({.method = "GET", .target = "/"})),
            random_latency.model.mean());
}

TEST(response_latency, fixed_latency_is_the_same_for_all_responses) {
  site tickets{3};
  const response_latency fixed{.model = 20ms, .seed = 5};
  EXPECT_EQ(fixed.of(tickets.respond({.method = "GET", .target = "/m/"})), 20ms);
  EXPECT_EQ(fixed.of({}), 20ms);
}

}  // namespace
}  // namespace farebench
