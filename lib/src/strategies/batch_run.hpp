#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

#include "farebench/strategy.hpp"
#include "strategies/retry.hpp"

namespace farebench {

/// The items of a run and the receiver of their results: the queries or pages of a batch, or exchanges. Must
/// not outlive what it is created from.
class run_items {
 public:
  run_items(const batch& items, const outcome_sink& sink);
  run_items(const exchange_source& items, const exchange_options& options, const exchange_sink& sink)
      : options_{options}, size_{items.size}, exchanges_{&items}, exchange_sink_{&sink} {}
  run_items(const run_items&) = delete;
  run_items& operator=(const run_items&) = delete;

  /// Throws std::invalid_argument if they cannot be run on the transport (see strategy::run). The message is
  /// one line and names the field.
  void validate(const transport& http) const;

  const exchange_options& options() const { return options_; }
  std::size_t size() const { return size_; }
  /// Returns min(W, N): a worker without an item would only cost memory.
  std::size_t workers_needed() const { return std::min(options_.workers, size()); }
  /// Null if the items are exchanges.
  const batch* source_batch() const { return batch_; }
  /// Null if the items are queries or pages.
  const exchange_source* exchanges() const { return exchanges_; }

  // Each calls the sink. The first is for queries and pages, the second for exchanges.
  void deliver(std::size_t index, outcome&& result) const { (*outcome_sink_)(index, std::move(result)); }
  void deliver(std::size_t index, exchange_result&& result) const {
    (*exchange_sink_)(index, std::move(result));
  }
  void deliver(std::size_t index, fetch_error&& error) const;

 private:
  // Those of a batch. Its functions are referred to.
  const exchange_options options_of_batch_;
  const exchange_options& options_;
  const std::size_t size_;
  const batch* batch_ = nullptr;
  const outcome_sink* outcome_sink_ = nullptr;
  const exchange_source* exchanges_ = nullptr;
  const exchange_sink* exchange_sink_ = nullptr;
};

/// Returns the error of an item that a stop or a drain has cancelled.
fetch_error cancelled_item_error() noexcept;

/// One run of a strategy, shared by its workers. Gives them attempts to make, and turns the result of each
/// attempt into the item's result or a retry. Thread-safe except for `finish`.
///
/// Worker i begins with item i, so that each worker connects even if the first ones finish before the last
/// ones start. After that a worker gets, in this order: a retry that is due, a requeued or new item, and the
/// retry that is due first, for which it waits. So no worker waits while there is other work. No retry is
/// left behind either: the worker that schedules a retry asks for an attempt afterwards.
class batch_run {
 public:
  using clock = scrape_attempt::clock;

  /// `workers` is the number of workers that begin with an item of their own. The run must not outlive
  /// `items`.
  batch_run(const run_items& items, std::size_t workers);
  batch_run(const batch_run&) = delete;
  batch_run& operator=(const batch_run&) = delete;

  const run_items& items() const { return items_; }
  const fetch_policy& policy() const { return items_.options().policy; }
  /// Returns true if the items are queries; otherwise each is one exchange.
  bool scrapes() const { return items_.source_batch() && items_.source_batch()->query_at; }
  bool opens_connections() const { return items_.options().connections == connection_mode::fresh; }
  /// URL of every search, built once.
  const std::string& search_url() const { return search_url_; }

  /// Returns a worker's next attempt, which may be due later. Returns nullopt if no item is left for it or
  /// the run is stopping. Throws what exchange_source::has_more throws.
  std::optional<scheduled_attempt> next_attempt();
  /// As next_attempt, but blocks the calling thread until the attempt is due.
  std::optional<scrape_attempt> wait_for_attempt();

  /// Begins an attempt: counts and times it. Returns the error that ends it at once, if any.
  std::optional<fetch_error> begin_attempt(scrape_attempt& attempt);
  /// Begins an attempt at a scrape. Returns the body of the query's search form, or the error that ends the
  /// attempt.
  std::expected<std::string, fetch_error> begin_scrape(scrape_attempt& attempt);
  /// Calls a function of the user. Its exception ends the run, even one that elsewhere means exhausted
  /// resources.
  template <typename Function, typename... Arguments>
  std::invoke_result_t<Function&, Arguments...> call_user(Function& function, Arguments... arguments);

  /// Returns the time left until the item's deadline, at least 1 ms.
  std::chrono::milliseconds time_left(const scrape_attempt& attempt) const;

  // Each ends an attempt: schedules a retry or delivers the result, and resets `attempt`. Throws what the
  // user's functions throw. The first is for queries and pages, the second for exchanges, the third for both.
  void finish_attempt(scrape_attempt& attempt, outcome&& result);
  void finish_attempt(scrape_attempt& attempt, exchange_result&& result);
  void fail_attempt(scrape_attempt& attempt, fetch_error&& error);

  /// Offers the first items of workers [first, workers), which could not be started, to all workers. Only
  /// one call is allowed, and its thread must run a worker afterwards.
  void requeue(std::size_t first);

  /// Records that a worker ended with this exception. The other workers end after their current attempts.
  void fail(std::exception_ptr exception);
  bool has_failed() const { return failed_.load(std::memory_order_relaxed); }
  /// Returns true after a failure, a stop or a drain. No further attempt begins then.
  bool is_stopping() const;

  /// Ends the run after its workers have ended. Rethrows the first recorded exception; otherwise delivers a
  /// result for each item that no worker has finished.
  void finish();

  /// Calls `wake`, from any thread, after a failure or a drain. For workers that wait in an event loop and so
  /// cannot wait for this object; event_loop::run handles a stop itself.
  class listener {
   public:
    listener(batch_run& run, std::function<void()> wake);
    ~listener();
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

   private:
    friend class batch_run;
    batch_run& run_;
    std::function<void()> wake_;
    listener* next_;
  };

 private:
  std::optional<scheduled_attempt> pop_queued(bool due_only);
  bool schedule_retry(const scrape_attempt& attempt, const fetch_error& error);
  template <typename Result>
  void deliver(std::size_t index, Result&& result);
  std::size_t items_started() const;
  double next_random();
  void wake_all();

  struct waker {
    batch_run* run;
    void operator()() const { run->wake_all(); }
  };

  const run_items& items_;
  const std::string search_url_;
  const std::size_t workers_;
  // First index that no worker has started, apart from requeued ones.
  std::atomic<std::size_t> next_index_;
  // Number of exchanges that has_more has added.
  std::atomic<std::size_t> added_ = 0;
  std::atomic<bool> failed_ = false;

  // Serialises calls of the sink, on_retry and on_give_up; guards the three members below.
  std::mutex delivery_mutex_;
  std::exception_ptr first_exception_;
  std::size_t retries_ = 0;
  std::uint64_t random_state_;

  // Lets next_attempt skip the lock while nothing is queued.
  std::atomic<bool> has_queued_ = false;
  // Guards the five members below. Locked after delivery_mutex_.
  std::mutex queue_mutex_;
  retry_queue queue_;
  std::size_t requeued_begin_ = 0;
  std::size_t requeued_end_ = 0;
  // Notified when is_stopping may have become true.
  std::condition_variable stopping_;
  listener* listeners_ = nullptr;

  // Last member: from its construction on, another thread may call wake_all.
  std::stop_callback<waker> on_drain_;
};

template <typename Function, typename... Arguments>
std::invoke_result_t<Function&, Arguments...> batch_run::call_user(Function& function,
                                                                   Arguments... arguments) {
  try {
    return function(arguments...);
  } catch (...) {
    fail(std::current_exception());
    throw;
  }
}

}  // namespace farebench
