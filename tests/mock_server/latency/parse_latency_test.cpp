#include "mock_server/latency/latency_model.hpp"

#include <gmock/gmock.h>

namespace farebench {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST(parse_latency, takes_a_duration_for_a_fixed_one) {
  EXPECT_EQ(parse_latency("20ms").value(), latency_model{20ms});
  EXPECT_EQ(parse_latency("0").value(), latency_model{0ms});
}

TEST(parse_latency, takes_distributions_by_their_parameters) {
  EXPECT_EQ(parse_latency("uniform:10ms-30ms").value(), latency_model::uniform(10ms, 30ms));
  EXPECT_EQ(parse_latency("uniform:0-250us").value(), latency_model::uniform(0ms, 250us));
  EXPECT_EQ(parse_latency("lognormal:20ms,p99=80ms").value(), latency_model::lognormal(20ms, 80ms));
  EXPECT_EQ(parse_latency("lognormal:1.5s,p99=3s").value(), latency_model::lognormal(1500ms, 3s));
}

TEST(parse_latency, refuses_the_rest_in_one_line_that_shows_the_form) {
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

TEST(format_latency, writes_what_parse_latency_reads) {
  for (const char* text : {"0", "20ms", "1.5s", "uniform:10ms-30ms", "uniform:0-250us",
                           "lognormal:20ms,p99=80ms", "lognormal:1.001ms,p99=3600s"}) {
    EXPECT_EQ(format_latency(parse_latency(text).value()), text);
  }
}

}  // namespace
}  // namespace farebench
