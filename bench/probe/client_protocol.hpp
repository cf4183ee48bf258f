#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/probe/time_histogram.hpp"

namespace farebench {

// clang-format off
// Protocol between bench and a client process, version 2: lines on the client's standard input and output.
// docs/clients.md has its command line, the tasks and the digests.
//
//   client → bench   farebench-client 2 ready  libraries initialized, nothing fetched; bench reads the memory baseline
//   bench → client   go
//   client → bench   {…}                       batch report, one line of JSON
//                or  failed REASON             the client could not run the batch
//                                              the client waits, so that bench can read its peak memory
//   bench → client   exit
//
// At end of input and after any other line the client exits with code 2, so that it never outlives bench.
//
// Clients of version 1, which are the probes of older commits, begin with another line and name some members of the
// report differently. They know the task scrape and kept connections only.
// clang-format on

inline constexpr std::string_view client_ready = "farebench-client 2 ready";
inline constexpr std::string_view version_1_ready = "farebench-probe 1 ready";
inline constexpr std::string_view client_go = "go";
/// The reason follows, up to the end of the line.
inline constexpr std::string_view client_failed = "failed ";
inline constexpr std::string_view client_exit = "exit";

/// Work of a client per item.
enum class task_kind : std::uint8_t {
  /// The scrape of a day: two requests in a session, and the page's fares.
  scrape,
  /// One GET of a page, whose bytes count.
  get,
};

/// Returns "scrape" or "get".
std::string_view to_string(task_kind task);
/// Returns nullopt for another text.
std::optional<task_kind> parse_task(std::string_view text);

/// Number of requests per item.
constexpr std::size_t exchanges_per_item(task_kind task) { return task == task_kind::scrape ? 2 : 1; }

/// Report of a batch. The last members are absent if the client does not report them.
struct batch_report {
  /// Items with an outcome: a result or an error.
  std::uint64_t outcomes = 0;
  /// Items with an error.
  std::uint64_t errors = 0;
  /// Sum of the items' CRC-32 modulo 2^64; see fares_digest and page_digest.
  std::uint64_t digest = 0;

  /// Texts of the first errors: "2026-03-01: connection_lost: …".
  std::vector<std::string> first_errors = {};
  /// HTTP library and language, with their versions: "aiohttp 3.8.4, Python 3.11.2".
  std::string version = {};
  /// From the start of the first item to the last outcome.
  std::optional<double> wall_ms = {};
  /// User and system time of all threads during the batch.
  std::optional<double> cpu_us = {};
  /// Voluntary and involuntary context switches of all threads during the batch.
  std::optional<std::uint64_t> context_switches = {};
  /// Number of fares, of the task scrape.
  std::optional<std::uint64_t> fares = {};
  /// Attempts of all items, including retries.
  std::optional<double> attempts = {};
  /// Times from the start of an item to its outcome.
  std::optional<time_histogram> item_histogram = {};
  /// Of the same, from clients without a histogram.
  std::optional<double> item_p50_ms = {};
  std::optional<double> item_p99_ms = {};
  /// Start of the first item by CLOCK_MONOTONIC, which all processes share.
  std::optional<double> first_item_at_s = {};
  /// From the start of the first item until half of the items have an outcome.
  std::optional<double> half_done_ms = {};

  bool operator==(const batch_report&) const = default;
};

/// Formats a report of version 2 as one line of JSON, without a newline.
std::string to_json(const batch_report& report);

/// Speaks the client's part: writes "ready", runs the batch at "go" and writes its report, or "failed" with
/// the text of its exception, and waits for "exit". Returns the exit code.
int serve_batch(const std::function<batch_report()>& run);

/// Parses a report of either version. Ignores unknown members. Throws std::runtime_error with the missing or
/// invalid member.
batch_report parse_batch_report(std::string_view text);

}  // namespace farebench
