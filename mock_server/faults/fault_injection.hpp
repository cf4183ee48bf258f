#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>

#include "lib/system/file_descriptor.hpp"
#include "mock_server/faults/fault_effects.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/site/site.hpp"

namespace farebench {

/// Log of all counted requests and their faults, one line of JSON each. A line is appended in one write
/// before the first byte of the response. So a client never sees a response that the log lacks, even if the
/// server is killed. Not synchronized.
///
///   {"date":"2026-03-01","session":4,"step":2,"attempt":1,"fault":"reset_mid_body","status":200}
///
/// date     null if unknown, as for an untagged GET /m/
/// session  ordinal of the session that the request started or belongs to; left out without a session
/// page     number of the page; left out for other requests
/// step     1 or 2; null for neither exchange of a scrape
/// attempt  null if unknown
/// fault    null without a fault
/// status   null if no status line is sent whole
class fault_log {
 public:
  /// Opens the file for appending; creates it if needed. Ends a last line that a killed server has cut.
  /// Throws std::system_error naming it.
  explicit fault_log(const std::filesystem::path& path);

  /// Reports the first failed write on standard error.
  void write(const attempt_step& exchange, std::optional<std::uint64_t> session,
             std::optional<fault_kind> fault, int status);

 private:
  void write_text(const std::string& text);

  std::filesystem::path path_;
  file_descriptor file_;
  bool is_broken_ = false;
};

struct fault_settings {
  fault_plan plan = {};
  /// No log if empty.
  std::filesystem::path log = {};
  /// Time for which the fault `refuse` closes the port.
  std::chrono::milliseconds refusal_time{30};
};

/// Applies a plan's faults to the responses of a site, and logs them. Only responses that complete a step of
/// a scrape or a GET of a numbered page meet faults; errors of the site pass unchanged. The site must outlive
/// it. Not synchronized.
///
/// A tag identifies the scrape and attempt of a request (see scrape_tag). An untagged search is identified by
/// the date in its form, its attempt by the number of earlier searches for that date. An untagged GET /m/ is
/// identified by the number of earlier sessions. A numbered page is identified by its number, with or without
/// a tag.
class fault_injection {
 public:
  /// Throws std::system_error if the log cannot be opened.
  fault_injection(site& target, const fault_settings& settings);

  /// Applies and logs the fault of a request; call once per counted request. Changes the response or its
  /// latency, or returns a script to perform instead. `tag` is the header field X-Scrape, or empty; an
  /// invalid tag gives status 400.
  std::optional<fault_script> apply(const site_request& request, std::string_view tag,
                                    site_response& response, std::chrono::nanoseconds& latency);
  /// Counts the attempts of untagged searches from 1 again.
  void forget_attempts() { untagged_searches_.clear(); }

 private:
  attempt_step identify(const site_request& request, const std::optional<scrape_tag>& tag,
                        const site_response& response);
  std::optional<fault_kind> choose_fault(const site_request& request, const attempt_step& exchange,
                                         const site_response& response) const;
  std::optional<fault_script> inject(fault_kind fault, const site_request& request,
                                     const attempt_step& exchange, site_response& response,
                                     std::chrono::nanoseconds& latency);

  site& site_;
  const fault_plan plan_;
  std::optional<fault_log> log_;
  // Bounded: a form can name 36,525 dates.
  std::map<std::chrono::year_month_day, std::uint32_t> untagged_searches_;
};

}  // namespace farebench
