#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "mock_server/faults/fault_log.hpp"
#include "mock_server/faults/fault_script.hpp"
#include "mock_server/faults/fault_settings.hpp"
#include "mock_server/site/site.hpp"

namespace farebench {

/// Stands between a site and an engine: says for each answer what goes wrong with it, and logs it. Only an
/// answer that is a step of a scrape meets a fault; a refusal of the site's is wrong enough. The engine's
/// thread's; the site must outlive it.
///
/// Whose scrape a request is, its tag says (see scrape_tag). Without one, a search goes by the date in its
/// form and by how many searches for that date were before it, a GET /m/ by the sessions before it.
class fault_injection {
 public:
  /// Throws std::system_error when the log cannot be opened.
  fault_injection(site& tickets, const fault_settings& how);

  /// Of a request that counts, once: spoils the answer or its latency, or gives a script to perform instead
  /// of sending it. `tag`: the request's X-Scrape header, or empty. What is not one is answered with 400.
  std::optional<fault_script> meet(const site_request& request, std::string_view tag, site_response& answer,
                                   std::chrono::nanoseconds& latency);

 private:
  attempt_step place(const site_request& request, const std::optional<scrape_tag>& tag,
                     const site_response& answer);
  std::optional<fault_kind> choose(const site_request& request, const attempt_step& exchange,
                                   const site_response& answer) const;
  std::optional<fault_script> inject(fault_kind fault, const site_request& request,
                                     const attempt_step& exchange, site_response& answer,
                                     std::chrono::nanoseconds& latency);

  site& site_;
  const fault_plan plan_;
  std::optional<fault_log> log_;
  std::map<std::chrono::year_month_day, std::uint32_t> untagged_searches_;  // a form's dates are 36,525
};

}  // namespace farebench
