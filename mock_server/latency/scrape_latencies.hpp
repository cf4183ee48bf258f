#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "farebench/query.hpp"
#include "mock_server/latency/latency_model.hpp"

namespace farebench {

/// The seed of whoever names none.
inline constexpr std::uint64_t default_latency_seed = 0;

/// The delays of a scrape's two exchanges: pure functions of model, seed and what is asked, so that every
/// strategy meets the same ones and a run can be repeated exactly.
///
/// Step 1, GET /m/, does not say which date it is for. So its delay goes by the ordinal of the session that
/// it is answered with, from 0 in a server's life: each scrape starts one session, so N scrapes meet the
/// first N draws, whichever day meets which.
std::chrono::nanoseconds start_latency(const latency_model& model, std::uint64_t seed,
                                       std::uint64_t session_ordinal);
/// Step 2, the search, goes by (from, to, date).
std::chrono::nanoseconds search_latency(const latency_model& model, std::uint64_t seed, const query& asked);

/// What a fresh server makes a batch wait.
struct scrape_latencies {
  std::vector<std::chrono::nanoseconds> starts;    ///< step 1, by session ordinal
  std::vector<std::chrono::nanoseconds> searches;  ///< step 2, by day

  /// Of all exchanges: with W workers no client ends before sum() / W.
  std::chrono::nanoseconds sum() const;
  /// 0 for no scrapes.
  std::chrono::nanoseconds longest_exchange() const;
  /// No client ends before its longest scrape, and that takes at least this long: of all ways to pair
  /// starts with searches, longest with shortest has the shortest longest pair. 0 for no scrapes.
  std::chrono::nanoseconds longest_scrape() const;
};

/// Of a batch that asks each of these once, of a server that was asked nothing before.
scrape_latencies latencies_of(const latency_model& model, std::uint64_t seed, std::span<const query> asked);

/// max(sum / W, longest scrape): what no client can beat, whatever the latency. For a fixed one bench's
/// ideal_wall is tighter where W does not divide N. `workers` ≥ 1.
std::chrono::nanoseconds least_wall(const scrape_latencies& latencies, std::size_t workers);

}  // namespace farebench
