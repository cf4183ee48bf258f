#include "mock_server/latency/latency_text.hpp"

#include <fmt/format.h>

#include "lib/cli/duration_text.hpp"

namespace farebench {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

constexpr std::string_view uniform_prefix = "uniform:";
constexpr std::string_view lognormal_prefix = "lognormal:";

struct two_durations {
  microseconds first;
  microseconds second;
};

// The two durations around `separator`; otherwise what is wrong.
std::expected<two_durations, std::string> parse_two(std::string_view text, std::string_view separator,
                                                    std::string_view form) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return std::unexpected(fmt::format("'{}' is not {}", text, form));
  const auto first = parse_duration(text.substr(0, at));
  if (!first) return std::unexpected(first.error());
  const auto second = parse_duration(text.substr(at + separator.size()));
  if (!second) return std::unexpected(second.error());
  return two_durations{*first, *second};
}

std::expected<latency_model, std::string> parse_uniform(std::string_view text) {
  const auto bounds = parse_two(text, "-", "a range such as uniform:10ms-30ms");
  if (!bounds) return std::unexpected(bounds.error());
  if (bounds->first > bounds->second) {
    return std::unexpected(fmt::format("'{}' ends before it starts; write the lesser bound first", text));
  }
  return latency_model::uniform(bounds->first, bounds->second);
}

std::expected<latency_model, std::string> parse_lognormal(std::string_view text) {
  const auto given =
      parse_two(text, ",p99=", "a median and a 99th percentile such as lognormal:20ms,p99=80ms");
  if (!given) return std::unexpected(given.error());
  if (given->first == microseconds{0}) return std::unexpected(fmt::format("'{}' has a median of zero", text));
  if (given->first >= given->second) {
    return std::unexpected(
        fmt::format("'{}': the 99th percentile must be longer than the median before it", text));
  }
  return latency_model::lognormal(given->first, given->second);
}

}  // namespace

std::expected<latency_model, std::string> parse_latency(std::string_view text) {
  if (text.starts_with(uniform_prefix)) return parse_uniform(text.substr(uniform_prefix.size()));
  if (text.starts_with(lognormal_prefix)) return parse_lognormal(text.substr(lognormal_prefix.size()));
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    return std::unexpected(
        fmt::format("unknown distribution '{}'; there are uniform:10ms-30ms and "
                    "lognormal:20ms,p99=80ms",
                    text.substr(0, colon)));
  }
  const auto fixed = parse_duration(text);
  if (!fixed) return std::unexpected(fixed.error());
  return *fixed;
}

std::string format_latency(const latency_model& model) {
  const auto text = [](nanoseconds duration) {
    return format_duration(std::chrono::round<microseconds>(duration));
  };
  switch (model.kind()) {
    case latency_model::shape::uniform:
      return fmt::format("uniform:{}-{}", text(model.first()), text(model.second()));
    case latency_model::shape::lognormal:
      return fmt::format("lognormal:{},p99={}", text(model.first()), text(model.second()));
    case latency_model::shape::fixed:
      break;
  }
  return text(model.first());
}

}  // namespace farebench
