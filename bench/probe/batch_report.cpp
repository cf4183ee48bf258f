#include "bench/probe/batch_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace farebench {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(batch_report, wall_ms, cpu_us, context_switches, outcomes, fares,
                                   fares_digest, errors, first_errors, scrape_p50_ms, scrape_p99_ms)

std::string to_json(const batch_report& report) {
  // An error text may quote bytes of a page that are not UTF-8.
  return nlohmann::json(report).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

batch_report parse_batch_report(std::string_view json) {
  try {
    return nlohmann::json::parse(json).get<batch_report>();
  } catch (const nlohmann::json::exception& fault) {
    throw std::runtime_error{fmt::format("not a batch report: {}", fault.what())};
  }
}

}  // namespace farebench
