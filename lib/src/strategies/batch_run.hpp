#pragma once

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

#include "farebench/strategy.hpp"
#include "strategies/retry.hpp"

namespace farebench {

/// Throws std::invalid_argument for a batch that cannot be run on the transport (see strategy::run). The
/// message is one line and names the field.
void validate(const batch& work, const transport& http);

/// Returns min(W, N): a worker without a query would only cost memory.
std::size_t workers_needed(const batch& work);

/// Returns the outcome of a query that a stop or a drain has cancelled.
outcome cancelled_outcome() noexcept;

/// One run of a batch, shared by its workers. Gives them attempts to make, and turns the result of each
/// attempt into the query's outcome or a retry. Thread-safe except for `finish`.
///
/// Worker i begins with query i, so that each worker connects even if the first ones finish before the last
/// ones start. After that a worker gets, in this order: a retry that is due, a requeued or new query, and the
/// retry that is due first, for which it waits. So no worker waits while there is other work. No retry is
/// left behind either: the worker that schedules a retry asks for an attempt afterwards.
class batch_run {
 public:
  using clock = scrape_attempt::clock;

  /// `workers` is the number of workers that begin with a query of their own. The run must not outlive `work`
  /// and `sink`.
  batch_run(const batch& work, const outcome_sink& sink, std::size_t workers);
  batch_run(const batch_run&) = delete;
  batch_run& operator=(const batch_run&) = delete;

  const batch& work() const { return work_; }
  /// Returns true if the items are pages, false if they are queries.
  bool fetches_pages() const { return !work_.query_at; }
  bool opens_connections() const { return work_.connections == connection_mode::fresh; }
  /// URL of every search, built once.
  const std::string& search_url() const { return search_url_; }

  /// Returns a worker's next attempt, which may be due later. Returns nullopt if no query is left for it or
  /// the run is stopping.
  std::optional<scheduled_attempt> next_attempt();
  /// As next_attempt, but blocks the calling thread until the attempt is due.
  std::optional<scrape_attempt> wait_for_attempt();

  /// Begins an attempt at a scrape. Returns the body of the query's search form, or the error that ends the
  /// attempt.
  std::expected<std::string, fetch_error> begin_scrape(scrape_attempt& attempt);
  /// Begins an attempt at a page. Returns the page's URL, or the error that ends the attempt.
  std::expected<std::string, fetch_error> begin_page(scrape_attempt& attempt);
  /// Returns the time left until the scrape's deadline, at least 1 ms.
  std::chrono::milliseconds time_left(const scrape_attempt& attempt) const;
  /// Ends an attempt: schedules a retry or delivers the outcome, and resets `attempt`. Throws what the
  /// batch's callbacks throw.
  void finish_attempt(scrape_attempt& attempt, outcome&& result);

  /// Offers the first queries of workers [first, workers), which could not be started, to all workers. Only
  /// one call is allowed, and its thread must run a worker afterwards.
  void requeue(std::size_t first);

  /// Records that a worker ended with this exception. The other workers end after their current attempts.
  void fail(std::exception_ptr exception);
  bool has_failed() const { return failed_.load(std::memory_order_relaxed); }
  /// Returns true after a failure, a stop or a drain. No further attempt begins then.
  bool is_stopping() const;

  /// Ends the run after its workers have ended. Rethrows the first recorded exception; otherwise delivers an
  /// outcome for each query that no worker has finished.
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
  std::optional<fetch_error> begin_attempt(scrape_attempt& attempt);
  template <typename Item>
  Item item_of(const std::function<Item(std::size_t)>& source, std::size_t index);
  bool schedule_retry(const scrape_attempt& attempt, const fetch_error& error);
  void deliver(std::size_t index, outcome&& result);
  std::size_t queries_started() const;
  double next_random();
  void wake_all();

  struct waker {
    batch_run* run;
    void operator()() const { run->wake_all(); }
  };

  const batch& work_;
  const outcome_sink& sink_;
  const std::string search_url_;
  const std::size_t workers_;
  // First index that no worker has started, apart from requeued ones.
  std::atomic<std::size_t> next_index_;
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

}  // namespace farebench
