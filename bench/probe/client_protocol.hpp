#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace farebench {

// clang-format off
// The probe's protocol, version 1: lines on its standard input and output.
//
//   probe → fixture   farebench-probe 1 ready   libraries initialised, nothing fetched: the baseline is read now
//   fixture → probe   go
//   probe → fixture   {…}                       the batch report, one line of JSON
//                 or  failed WHY                the strategy could not run this batch at all
//                                             the probe waits, so that its peak memory can still be read
//   fixture → probe   exit
//
// What a later commit adds to the report is absent in that of an older probe, and more than is known is ignored,
// so that the version need not change with it.
//
// An input that ends, or any other line, ends the probe with exit code 2: it never runs on alone.
// clang-format on

inline constexpr std::string_view probe_ready = "farebench-probe 1 ready";
inline constexpr std::string_view probe_go = "go";
inline constexpr std::string_view probe_failed = "failed ";  ///< and the reason, to the end of the line
inline constexpr std::string_view probe_exit = "exit";

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
