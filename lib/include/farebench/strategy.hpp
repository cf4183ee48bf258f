#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "farebench/fare.hpp"
#include "farebench/fetch_policy.hpp"

namespace farebench {

/// Many queries to be run by one strategy with W workers.
struct batch {
  std::string base_url;  ///< "http://127.0.0.1:8080": scheme, host and port, without a path
  std::size_t size = 0;  ///< N queries, with indices [0, N)
  /// Index → query, asked at the start of each attempt at it: once, unless it has to be repeated. May be
  /// called from several worker threads at once. A function and not a list, so that memory follows W and not
  /// N.
  std::function<query(std::size_t index)> query_at;
  std::size_t workers = 1;  ///< W ≥ 1: the most scrapes in flight at any moment
  /// Event loops to spread the workers over, each on a thread; of use to fibers, coroutines, multi_socket and
  /// multi_poll where one core does not suffice, and left out of account by the others. More than the
  /// workers is as many as those.
  std::size_t loops = 1;
  fetch_policy policy = {};
  /// Told of each repeat before it begins: of which query, which attempt (from 1) failed and why, and how
  /// long the next one waits. Never while the sink is called, but from any worker's thread. May be empty.
  std::function<void(std::size_t index, std::size_t attempt, const fetch_error& why,
                     std::chrono::milliseconds wait)>
      on_retry = {};
  /// Once a drain is requested, no scrape and no repeat begins any more: what is in flight ends as it would
  /// have, and every other query gets `cancelled`. For who wants to end soon and lose nothing.
  std::stop_token drain = {};
  /// Once a stop is requested, nothing new is asked for, and every query without an outcome gets
  /// `cancelled`: at once, or within about a second where a thread blocks in libcurl.
  std::stop_token stop = {};
};

/// Receives each outcome as it completes, with the index of its query: exactly once an index, in
/// any order. Calls never overlap, but may come from any worker's thread.
using outcome_sink = std::function<void(std::size_t index, outcome&& result)>;

/// A way of running a batch. Objects are stateless between runs: they can be used again, and by
/// several threads at once.
class strategy {
 public:
  virtual ~strategy() = default;

  /// Runs the whole batch and returns when each query has had its outcome.
  /// A worker keeps its connection from query to query; each query has a fresh cookie session.
  /// A query's failure is its outcome, and so is what it lacked: where memory, descriptors or threads run out
  /// once work has begun, `out_of_resources` is, and the others go on. Throws std::invalid_argument for a
  /// batch that cannot be run (no workers, no loops, no query_at, a policy with a value that means nothing, a
  /// base_url that is not http(s)://host[:port]); std::system_error or std::bad_alloc when no work can begin
  /// (not even one event loop, no room for its workers): then no query has had an outcome; and what `sink`,
  /// `query_at` or `on_retry` threw, after the other workers have stopped.
  virtual void run(const batch& work, const outcome_sink& sink) = 0;
};

/// The strategies by name, in the order of the tables.
std::span<const std::string_view> strategy_names();

/// Makes the strategy of that name; std::invalid_argument, listing the names, when there is none.
std::unique_ptr<strategy> make_strategy(std::string_view name);

}  // namespace farebench
