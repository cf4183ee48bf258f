#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace farebench {

// clang-format off
// Protocol between bench and a client process, version 1: lines on the client's standard input and output.
//
//   client → bench   farebench-probe 1 ready   libraries initialized, nothing fetched; bench reads the memory baseline
//   bench → client   go
//   client → bench   {…}                       batch report, one line of JSON
//                or  failed REASON             the strategy could not run the batch
//                                              the client waits, so that bench can read its peak memory
//   bench → client   exit
//
// Later versions of the report may add members. Readers ignore unknown members, and members that older clients lack
// are optional, so that the version stays the same.
//
// At end of input and after any other line the client exits with code 2, so that it never outlives bench.
// clang-format on

inline constexpr std::string_view probe_ready = "farebench-probe 1 ready";
inline constexpr std::string_view probe_go = "go";
/// The reason follows, up to the end of the line.
inline constexpr std::string_view probe_failed = "failed ";
inline constexpr std::string_view probe_exit = "exit";

/// Figures of a batch that only the client process has. Bench reads the client's memory from outside.
struct batch_report {
  /// From the start of the first scrape to the last outcome.
  double wall_ms = 0;
  /// User and system time of all threads during the batch.
  double cpu_us = 0;
  /// Voluntary and involuntary context switches of all threads during the batch.
  std::uint64_t context_switches = 0;
  /// Days with an outcome: fares or an error.
  std::uint64_t outcomes = 0;
  std::uint64_t fares = 0;
  /// See fares_digest.
  std::uint64_t fares_digest = 0;
  /// Days with an error.
  std::uint64_t errors = 0;
  /// Texts of the first errors: "2026-03-01: connection_lost: …".
  std::vector<std::string> first_errors;
  /// Time from the first call of query_at to the outcome, over the days; nearest rank.
  double scrape_p50_ms = 0;
  double scrape_p99_ms = 0;

  // Absent in reports of older clients.

  /// Attempts of all days, including retries.
  std::optional<double> attempts = {};
  /// Start of the first scrape by CLOCK_MONOTONIC, which all processes share. Absent without outcomes.
  std::optional<double> first_scrape_at_s = {};
  /// From the start of the first scrape until half of the days have an outcome. Absent if fewer have one.
  std::optional<double> half_done_ms = {};

  bool operator==(const batch_report&) const = default;
};

/// Formats a report as one line of JSON, without a newline.
std::string to_json(const batch_report& report);

/// Throws std::runtime_error with the missing or invalid member.
batch_report parse_batch_report(std::string_view text);

}  // namespace farebench
