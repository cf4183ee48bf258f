#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace farebench {

/// What a probe tells of the batch that it ran. Only what the process itself knows best; its memory
/// is read from outside.
struct batch_report {
  double wall_ms = 0;                  ///< from the start of the first scrape to the last outcome
  double cpu_us = 0;                   ///< user and system time of all its threads, over the batch
  std::uint64_t context_switches = 0;  ///< voluntary and involuntary, of all its threads, over the batch
  std::uint64_t outcomes = 0;          ///< days answered, with fares or with an error
  std::uint64_t fares = 0;
  std::uint64_t fares_digest = 0;         ///< see fares_digest
  std::uint64_t errors = 0;               ///< days that came home with an error
  std::vector<std::string> first_errors;  ///< the first few of them: "2026-03-01: connection_lost: …"
  double scrape_p50_ms = 0;  ///< over the days, nearest rank: from the query's being pulled to its outcome
  double scrape_p99_ms = 0;
  /// At all days together, repeats included. Absent in reports of older probes.
  std::optional<double> attempts = {};
  /// When the first scrape started, by CLOCK_MONOTONIC, which all processes of a machine share: what places
  /// the batch on the fixture's time line. Absent, as the next, of no outcomes and in reports of older
  /// probes.
  std::optional<double> first_scrape_at_s = {};
  std::optional<double> half_done_ms = {};  ///< from there to the outcome of which half the days had one

  bool operator==(const batch_report&) const = default;
};

/// One line of JSON, without a newline.
std::string to_json(const batch_report& report);
/// Throws std::runtime_error that says what is missing or wrong.
batch_report parse_batch_report(std::string_view json);

}  // namespace farebench
