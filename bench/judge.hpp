#pragma once

#include <cstdint>

#include "bench/cases.hpp"
#include "bench/measurement.hpp"
#include "bench/output/rows.hpp"

namespace farebench {

/// Results of a case according to the site, which every client must report.
struct expected_results {
  /// Of the task scrape.
  std::uint64_t fares = 0;
  /// Sum of the items' CRC-32.
  std::uint64_t digest = 0;
};
expected_results results_of_site(const benchmark_case& row);

/// Smoke runs check correctness only, so that they pass on a busy machine.
enum class strictness { correctness_only, full };

/// Judges a repetition of a case. Pure.
///
/// It fails if
/// - an outcome is missing or an error, or the results differ from the site's;
/// - its histogram of item times has another number of times than there are outcomes;
/// - it was faster than the ideal, which is a bug in the suite or an untrue report, or took less time than
/// the client reports;
/// - the server's listen queue dropped more than 1 % of the connections;
/// - the server accepted another number of connections than the client should open (other programs may open
/// fewer than they have workers), or other requests or sessions than the items need;
/// - requests were still in flight when the client reported;
/// - more requests were in flight than workers;
/// - a CPU quota took more than 1 % of the time or the hypervisor more than 5 %, which is due to the machine;
/// - a `hold` case never had all its workers in flight at once;
/// - the server was late, which is due to the machine: median above max(1 ms, 5 % of the mean latency), in a
/// `burst`
///   above 5 % of (mean latency · wall / ideal). For the floor, which includes the server's cost, this is a
///   warning.
///
/// Other warnings: dropped connections, a late p99, a sampler that took more than 1 % of a core, and a
/// machine that was busy with other programs.
row_verdict judge(const benchmark_case& row, const measurement& measured, const expected_results& expected,
                  strictness strict);

}  // namespace farebench
