#include "mock_server/faults/fault_plan.hpp"

#include <fmt/format.h>

#include <string>

#include "farebench/date.hpp"

namespace farebench {
namespace {

// The stream of one exchange. Its text is part of what a seed means: to change it is to change every plan.
random_stream stream_of(const fault_plan& plan, const attempt_step& exchange) {
  const std::string scrape = exchange.date ? format_iso_date(*exchange.date)
                                           : fmt::format("session {}", exchange.session.value_or(0));
  return random_stream{
      fnv1a_64(fmt::format("faults|{}|{}|{}|{}", plan.seed, scrape, exchange.step, exchange.attempt))};
}

}  // namespace

std::optional<fault_kind> fault_plan::at(const attempt_step& exchange) const {
  const bool is_known = exchange.date || exchange.session;
  if (!is_known || exchange.step == 0 || exchange.attempt > until_attempt) return std::nullopt;
  std::uint32_t drawn = stream_of(*this, exchange).below(fault_rates::whole);
  for (const fault_description& one : fault_table) {
    const std::uint32_t share = rates.of(one.kind);
    if (drawn < share) return applies_to(one.kind, exchange.step) ? std::optional{one.kind} : std::nullopt;
    drawn -= share;
  }
  return std::nullopt;
}

random_stream fault_plan::details_at(const attempt_step& exchange) const {
  random_stream random = stream_of(*this, exchange);
  random.next();  // chose the fault
  return random;
}

}  // namespace farebench
