#include "mock_server/latency/latency_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace farebench {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr std::size_t draws = 100'000;

// In milliseconds, in rising order.
std::vector<double> sorted_draws(const latency_model& model, std::uint64_t seed = 1) {
  random_stream random{seed};
  std::vector<double> drawn;
  drawn.reserve(draws);
  for (std::size_t i = 0; i < draws; ++i) {
    drawn.push_back(std::chrono::duration<double, std::milli>(model.draw(random)).count());
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

double in_ms(nanoseconds duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

TEST(latency_model, fixed_draws_no_number_from_the_stream) {
  const latency_model model = 20ms;
  random_stream random{1};
  EXPECT_EQ(model.draw(random), 20ms);
  EXPECT_EQ(model.mean(), 20ms);
  EXPECT_EQ(random.next(), random_stream{1}.next());
  EXPECT_EQ(latency_model{0ms}.mean(), 0ms);
}

// Tolerances are four standard errors of 100,000 draws.
TEST(latency_model, uniform_has_the_moments_of_its_distribution) {
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

TEST(latency_model, lognormal_has_its_percentiles_and_moments) {
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

TEST(latency_model, has_the_quantiles_that_its_parameters_are) {
  EXPECT_EQ(latency_model::uniform(10ms, 30ms).quantile(0.25), 15ms);
  EXPECT_EQ(latency_model::lognormal(20ms, 80ms).quantile(0.5), 20ms);
  EXPECT_NEAR(in_ms(latency_model::lognormal(20ms, 80ms).quantile(0.99)), 80.0, 1e-5);
  EXPECT_EQ(latency_model{5ms}.quantile(0.99), 5ms);
}

TEST(latency_model, draws_the_same_for_a_seed_on_every_platform) {
  random_stream random{42};
  const latency_model lognormal = latency_model::lognormal(20ms, 80ms);
  const nanoseconds first = lognormal.draw(random);
  const nanoseconds second = lognormal.draw(random);
  EXPECT_NEAR(static_cast<double>(first.count()), 29'429'211.1, 1);
  EXPECT_NEAR(static_cast<double>(second.count()), 11'055'247.5, 1);
  EXPECT_EQ(sorted_draws(lognormal, 7), sorted_draws(lognormal, 7));
  EXPECT_NE(sorted_draws(lognormal, 7), sorted_draws(lognormal, 8));
}

TEST(latency_model, draws_nothing_longer_than_an_hour) {
  const latency_model wild = latency_model::lognormal(1us, 1h);
  random_stream random{1};
  double sum_ms = 0;
  for (std::size_t i = 0; i < draws; ++i) {
    const nanoseconds drawn = wild.draw(random);
    ASSERT_GE(drawn, 0ns);
    ASSERT_LE(drawn, 1h);
    sum_ms += in_ms(drawn);
  }
  EXPECT_NEAR(in_ms(wild.mean()), sum_ms / draws, 0.1 * in_ms(wild.mean())) << "the bound is in the mean";
}

TEST(latency_model, refuses_parameters_that_make_no_distribution) {
  EXPECT_THROW(latency_model{-1ns}, std::invalid_argument);
  EXPECT_THROW(latency_model{2h}, std::invalid_argument);
  EXPECT_THROW(latency_model::uniform(3ms, 2ms), std::invalid_argument);
  EXPECT_THROW(latency_model::lognormal(0ms, 2ms), std::invalid_argument);
  EXPECT_THROW(latency_model::lognormal(2ms, 2ms), std::invalid_argument);
  EXPECT_NO_THROW(latency_model::uniform(2ms, 2ms));
}

}  // namespace
}  // namespace farebench
