#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "farebench/exchange.hpp"
#include "farebench/fare.hpp"
#include "farebench/fetch_error.hpp"
#include "farebench/fetch_policy.hpp"
#include "farebench/transport.hpp"

namespace farebench {

/// Use of connections by the workers of a batch.
enum class connection_mode : std::uint8_t {
  /// A worker keeps its connection from item to item.
  kept,
  /// Each item has a new connection, which is closed after it.
  fresh,
};

/// Returns "kept" or "fresh".
std::string_view to_string(connection_mode mode);
/// Returns nullopt for another text.
std::optional<connection_mode> parse_connection_mode(std::string_view text);

/// Limits of fetch_policy that end the attempts at an item.
enum class retry_limit : std::uint8_t {
  /// fetch_policy::max_attempts.
  max_attempts,
  /// The batch's retry budget: fetch_policy::retry_floor and retry_share.
  budget,
  /// fetch_policy::scrape_deadline leaves no time for another attempt.
  scrape_deadline,
};

/// Pages to be fetched by one GET each, instead of queries to be scraped.
struct page_source {
  /// Returns the path and query string of an index, such as "/page/7". Called as batch::query_at, so that a
  /// repeated call for an index means that its body starts again.
  std::function<std::string(std::size_t index)> path_at = {};
  /// Receives the chunks of a page's decoded body, in order, whatever the response's status. A body is
  /// complete only if the outcome is not an error. If empty, bodies are discarded. Called from any worker's
  /// thread; calls for different indices may overlap. The view is valid during the call only.
  std::function<void(std::size_t index, std::string_view chunk)> on_body = {};
};

/// Items to be run by a strategy, and the resources and rules for running them. An item is a query to be
/// scraped or a page to be fetched. The outcome of a page is an empty list of fares or an error.
struct batch {
  /// Scheme, host and port, without a path: "http://127.0.0.1:8080".
  std::string base_url;
  /// Number of items N. Their indices are [0, N).
  std::size_t size = 0;
  /// Returns the query of an index. Called at the start of each attempt at it, possibly from several worker
  /// threads at once. A function instead of a list, so that memory depends on W and not on N. Empty if the
  /// items are pages.
  std::function<query(std::size_t index)> query_at = {};
  /// Pages, if query_at is empty.
  page_source pages = {};
  /// Maximum number of items in progress at once W, at least 1.
  std::size_t workers = 1;
  /// Number of event loops that share the workers, each in a thread, for work that needs more than one core.
  /// Used by strategies with `strategy_info::uses_loops`. Values above `workers` count as `workers`.
  std::size_t loops = 1;
  /// A fresh connection serves one attempt: both requests of a scrape.
  connection_mode connections = connection_mode::kept;
  /// Limits and retries.
  fetch_policy policy = {};
  /// Called when a retry is scheduled, with the item's index, the number of the failed attempt (from 1), its
  /// error, and the delay until the next attempt. May be empty. Called from any worker's thread, never during
  /// a call of the sink.
  std::function<void(std::size_t index, std::size_t attempt, const fetch_error& error,
                     std::chrono::milliseconds delay)>
      on_retry = {};
  /// Called before the outcome of an item whose error is retryable, with the number of its attempts and the
  /// limit that prevented another. May be empty. Called from any worker's thread, never during a call of the
  /// sink.
  std::function<void(std::size_t index, std::size_t attempts, retry_limit limit)> on_give_up = {};
  /// A requested drain lets attempts in flight end, and every other item gets `cancelled`. For ending soon
  /// without losing results.
  std::stop_token drain = {};
  /// A requested stop ends the run: every item without an outcome gets `cancelled`. Takes effect at once, or
  /// within about a second in strategies whose threads block in an exchange.
  std::stop_token stop = {};
};

/// Receives each item's outcome when it completes: exactly once per index, in any order. Calls never
/// overlap, but may come from any worker's thread.
using outcome_sink = std::function<void(std::size_t index, outcome&& result)>;

/// Exchanges to be run by a strategy: any requests, each independent of the others.
struct exchange_source {
  /// Number of exchanges, or the number of those that are certain if `has_more` is not empty. Their indices
  /// are [0, size).
  std::size_t size = 0;
  /// Returns the request of an index. Called at the start of each attempt at it, possibly from several worker
  /// threads at once: a repeated call for an index means that its body starts again. A function instead of a
  /// list, so that memory depends on W and not on N.
  ///
  /// The policy's deadline shortens exchange_request::timeout. An exception of its on_body ends the run.
  std::function<exchange_request(std::size_t index)> request_at = {};
  /// Returns true if there is also an exchange of `index`, which is at least `size`; for a number that is not
  /// known at the start. If false, there is none of a higher index either. Called at most once per index,
  /// when a worker is free, possibly from several worker threads at once and so not in order. May be empty.
  std::function<bool(std::size_t index)> has_more = {};
};

/// Resources and rules for running exchanges. The members are as in `batch`.
struct exchange_options {
  /// Maximum number of exchanges in progress at once W, at least 1.
  std::size_t workers = 1;
  /// Number of event loops that share the workers, each in a thread.
  std::size_t loops = 1;
  /// A fresh connection serves one attempt.
  connection_mode connections = connection_mode::kept;
  /// Limits and retry rules.
  fetch_policy policy = {};
  /// Called when a retry is scheduled. May be empty.
  std::function<void(std::size_t index, std::size_t attempt, const fetch_error& error,
                     std::chrono::milliseconds delay)>
      on_retry = {};
  /// Called when a limit prevents another attempt. May be empty.
  std::function<void(std::size_t index, std::size_t attempts, retry_limit limit)> on_give_up = {};
  /// A requested drain lets attempts in flight end.
  std::stop_token drain = {};
  /// A requested stop ends the run.
  std::stop_token stop = {};
};

/// Receives each exchange's result when it completes: exactly once per index, in any order. Calls never
/// overlap, but may come from any worker's thread.
using exchange_sink = std::function<void(std::size_t index, exchange_result&& result)>;

/// A concurrency model for running a batch. Objects have no state between runs: they can be reused, and used
/// by several threads at once.
class strategy {
 public:
  virtual ~strategy() = default;

  /// Runs the whole batch and returns when each item has its outcome. Each attempt has a new cookie session.
  ///
  /// An item's failure is its outcome. If memory, descriptors or threads run out during the run, the items
  /// affected get `out_of_resources` and the others continue. Throws
  /// - std::invalid_argument for a batch that cannot be run: no workers, no loops, not exactly one of
  /// query_at
  ///   and pages.path_at, an invalid value in the policy, or a base_url other than http(s)://host[:port], or
  ///   with https if the transport has no TLS;
  /// - std::system_error or std::bad_alloc, before any outcome, if there is no memory or descriptor for an
  ///   event loop and its workers;
  /// - after the other workers have ended, the first exception of `sink`, `query_at`, `path_at`,
  ///   `on_body`, `on_retry`, `on_give_up` or event_loop::run.
  virtual void run(const batch& work, const outcome_sink& sink) = 0;

  /// Runs all exchanges and returns when each has its result: the response of the last attempt, whatever its
  /// status, or an error. fetch_policy says what is retried. After a stop or a drain, exchanges for which
  /// `has_more` has not been called get no result.
  ///
  /// Errors and exceptions as in `run`; also the first exception of `request_at`, `has_more` or a request's
  /// on_body. Throws std::logic_error if the strategy is not the library's and does not override this.
  virtual void run_exchanges(const exchange_source& source, const exchange_options& options,
                             const exchange_sink& sink);
};

/// Styles of user code. Strategies of one family run the same code.
enum class strategy_family : std::uint8_t { blocking, fibers, coroutines, callbacks };

/// Returns "blocking", "fibers", "coroutines" or "callbacks".
std::string_view to_string(strategy_family family);

/// Facts about a strategy on a transport.
struct strategy_info {
  /// Name in flags, tables and result files.
  std::string_view name;
  /// Style of the user's code.
  strategy_family family;
  /// Name of the transport.
  std::string_view transport;
  /// Runs `batch::workers` workers; otherwise one.
  bool uses_workers;
  /// Runs `batch::loops` event loops; otherwise none.
  bool uses_loops;
  /// Control flow, in words.
  std::string_view control_flow;
  /// Changes that user code needs, compared with a blocking function for one query.
  std::string_view code_changes;
  /// Creates the strategy.
  std::unique_ptr<strategy> (*create)();
};

/// Returns the strategy of that name on a transport, or nullptr. The object lives as long as the program.
const strategy_info* find_strategy(std::string_view name, const transport& http);

/// Creates the strategy of that name on a transport. Throws std::invalid_argument, with the valid names, for
/// an unknown one.
std::unique_ptr<strategy> make_strategy(std::string_view name, const transport& http);

}  // namespace farebench
