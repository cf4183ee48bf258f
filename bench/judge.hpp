#pragma once

#include <cstdint>

#include "bench/cases.hpp"
#include "bench/measurement.hpp"
#include "bench/output/rows.hpp"

namespace farebench {

/// What the site holds for a case, which each client must bring home.
struct expected_fares {
  std::uint64_t fares = 0;
  std::uint64_t digest = 0;  ///< see fares_digest
};
expected_fares fares_of_site(const benchmark_case& row);

/// How much is asked of a row. A smoke run asks whether answers are right, on however busy a machine.
enum class strictness { correctness_only, full };

/// Whether a row may stand, and if not, why, in one line. It fails when its fares differ from the
/// site's, it beat the ideal (then the suite is wrong), the server's listen queue dropped more than 1 % of
/// the connections, the connections accepted are not one a worker (of a peer, one a day), requests were
/// repeated or more in flight than workers, a `hold` case was never in flight with all of its workers at
/// once, or the server's median lateness passed max(1 ms, 5 % of the latency's mean), in a `burst` 5 % of
/// that mean · wall / ideal; that alone is the machine's doing. Fewer drops, a late p99 and a sampler that
/// took more than 1 % of a core are warnings. So is a late server under the floor: the floor is what this
/// machine lets through, its server included. Pure.
row_verdict judge(const benchmark_case& row, const measurement& seen, const expected_fares& expected,
                  strictness how);

}  // namespace farebench
