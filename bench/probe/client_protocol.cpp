#include "bench/probe/client_protocol.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <stdexcept>
#include <utility>

namespace farebench {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(batch_report, wall_ms, cpu_us, context_switches, outcomes, fares,
                                   fares_digest, errors, first_errors, scrape_p50_ms, scrape_p99_ms)

namespace {

/// What older probes do not tell, in the protocol that has stayed the same.
constexpr std::pair<const char*, std::optional<double> batch_report::*> later_fields[] = {
    {"attempts", &batch_report::attempts},
    {"first_scrape_at_s", &batch_report::first_scrape_at_s},
    {"half_done_ms", &batch_report::half_done_ms}};

}  // namespace

std::string to_json(const batch_report& report) {
  nlohmann::json told(report);
  for (const auto& [name, field] : later_fields) {
    if (report.*field) told[name] = *(report.*field);
  }
  // An error text may quote bytes of a page that are not UTF-8.
  return told.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

batch_report parse_batch_report(std::string_view json) {
  try {
    const auto told = nlohmann::json::parse(json);
    auto report = told.get<batch_report>();
    for (const auto& [name, field] : later_fields) {
      if (const auto found = told.find(name); found != told.end()) report.*field = found->get<double>();
    }
    return report;
  } catch (const nlohmann::json::exception& fault) {
    throw std::runtime_error{fmt::format("not a batch report: {}", fault.what())};
  }
}

}  // namespace farebench
