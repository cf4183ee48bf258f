#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>

#include "lib/system/file_descriptor.hpp"
#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/faults/fault_scripts.hpp"
#include "mock_server/site/site.hpp"

namespace farebench {

/// What the server did, a line of JSON for each request that counts, appended to a file in one write before a
/// byte of the answer leaves: so a client never knows more than the log, even when the server is killed. It
/// holds nothing in memory. One thread.
///
///   {"date":"2026-03-01","session":4,"step":2,"attempt":1,"fault":"reset_mid_body","status":200}
///
/// `date` is null where it is not known: for an untagged GET /m/. `session` says which one was started by it,
/// or that a search was made in, by how many were before it; it is left out where there is none. `step` is
/// null for what is neither exchange of a scrape, `attempt` when not known, `fault` without one, `status`
/// when no status line is sent whole.
class fault_log {
 public:
  /// Appends to the file, or makes it. Throws std::system_error naming it.
  explicit fault_log(const std::filesystem::path& path);

  /// A line that cannot be written is told of on standard error, the first one.
  void write(const attempt_step& exchange, std::optional<std::uint64_t> session,
             std::optional<fault_kind> fault, int status);

 private:
  std::filesystem::path path_;
  file_descriptor file_;
  bool is_broken_ = false;
};

/// What an engine is to do wrong, and where to write what it did. A value.
struct fault_settings {
  fault_plan plan = {};
  std::filesystem::path log = {};  ///< empty: nowhere
};

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
  std::optional<fault_script> apply(const site_request& request, std::string_view tag, site_response& answer,
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
