#include "bench/probe/client_protocol.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <stdexcept>
#include <utility>

namespace farebench {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(batch_report, wall_ms, cpu_us, context_switches, outcomes, fares,
                                   fares_digest, errors, first_errors, scrape_p50_ms, scrape_p99_ms)

namespace {

constexpr std::pair<const char*, std::optional<double> batch_report::*> optional_members[] = {
    {"attempts", &batch_report::attempts},
    {"first_scrape_at_s", &batch_report::first_scrape_at_s},
    {"half_done_ms", &batch_report::half_done_ms}};

constexpr const char* counts[] = {"context_switches", "outcomes", "fares", "fares_digest", "errors"};

}  // namespace

std::string to_json(const batch_report& report) {
  nlohmann::json json(report);
  for (const auto& [name, member] : optional_members) {
    if (report.*member) json[name] = *(report.*member);
  }
  // An error text may quote bytes of a page that are not UTF-8.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

batch_report parse_batch_report(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    // The conversion of a fraction or a number out of range would be undefined.
    for (const char* name : counts) {
      if (!json.at(name).is_number_unsigned())
        throw std::runtime_error{
            fmt::format("invalid batch report: \"{}\" is not an unsigned integer", name)};
    }
    auto report = json.get<batch_report>();
    for (const auto& [name, member] : optional_members) {
      if (const auto found = json.find(name); found != json.end()) report.*member = found->get<double>();
    }
    return report;
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error{fmt::format("invalid batch report: {}", error.what())};
  }
}

}  // namespace farebench
