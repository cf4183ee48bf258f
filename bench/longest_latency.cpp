#include "bench/longest_latency.hpp"

#include <fmt/format.h>

#include "bench/route.hpp"
#include "lib/system/command_line.hpp"
#include "mock_server/latency/latency_model.hpp"

namespace farebench {

std::string complaint_about_length(const latency_model& latency, std::uint64_t seed, std::size_t days) {
  auto reason =
      fmt::format("at most {}: a client gives a request up after 30 s", format_duration(longest_latency));
  if (latency.second() > longest_latency) return reason;
  if (latency.kind() != latency_model::shape::lognormal) return {};
  const auto longest = latencies_of(latency, seed, queries_of_days(days)).max_exchange();
  if (longest <= longest_latency) return {};
  return fmt::format("{} with --seed {} draws {}; {}", format_latency(latency), seed,
                     format_duration(std::chrono::ceil<std::chrono::milliseconds>(longest)), reason);
}

}  // namespace farebench
