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
#include <new>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <vector>

#include "farebench/strategy.hpp"
#include "strategies/retry.hpp"

namespace farebench {

/// Runs `start`, which begins one thing after another, until the system refuses a thread, a descriptor or
/// memory: what was begun by then has to suffice.
template <class Start>
void until_refused(const Start& start) {
  try {
    start();
  } catch (const std::system_error&) {
    return;
  } catch (const std::bad_alloc&) {
    return;
  }
}

/// Throws std::invalid_argument, in one line that names the field, for a policy with a value that means
/// nothing.
void check_policy(const fetch_policy& policy);

/// Throws std::invalid_argument, in one line, for a batch that no strategy can run (see strategy::run).
void check_batch(const batch& work);

/// min(W, N): a worker without a query would only cost memory.
std::size_t workers_needed(const batch& work);

/// One run of a batch, as its workers see it: hands out the work, and settles what each attempt at a query
/// comes to: its outcome, or a repeat. Any thread.
///
/// Worker i's first query is query i, so that each worker works (and connects) even when the first ones are
/// done before the last ones start. After that a worker takes, in this order: a repeat that is due, a fresh
/// query, the repeat that is due first, for which it waits ("parks"). So no wait holds a worker up while
/// there is other work. And no repeat is left behind: whoever settles one asks for work afterwards, and of
/// two that ask there is one for each.
class batch_run {
 public:
  using clock = scrape_attempt::clock;

  /// `workers`: how many begin with a query of their own.
  batch_run(const batch& work, const outcome_sink& sink, std::size_t workers);
  batch_run(const batch_run&) = delete;
  batch_run& operator=(const batch_run&) = delete;

  const batch& work() const { return work_; }

  /// What a worker does next; nullopt when nothing is left for it, a stop or a drain is requested, or a
  /// worker has failed.
  std::optional<scrape_piece> next();
  /// The same for a worker that may block its thread: returns when the attempt is due.
  std::optional<scrape_attempt> await_next();

  /// An attempt begins: the form of its query, or why there is none.
  std::expected<std::string, fetch_error> begin(scrape_attempt& attempt);
  /// What is left of its scrape's deadline; at least a millisecond.
  std::chrono::milliseconds time_left(const scrape_attempt& attempt) const;
  /// An attempt has ended with this: delivered, or to be made again. The worker has it no more.
  void settle(scrape_attempt& attempt, outcome&& result);

  /// Queries [first, workers) will not be begun by the workers that were to: they are handed out like those
  /// behind. Once, by who then works on itself.
  void hand_back(std::size_t first);

  /// A worker ends with this exception. The others end with the attempts that they have.
  void fail(std::exception_ptr why);
  bool has_failed() const { return failed_.load(std::memory_order_relaxed); }
  /// Nothing new is begun any more.
  bool is_over() const;

  /// When all workers have ended: throws the first exception that one ended with; else gives the queries that
  /// no worker has brought home their outcome.
  void end();

  /// What waits for sockets and moments together, and so cannot wait for this object: called, from any
  /// thread, when `is_over` may have become true.
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
  std::optional<scrape_piece> take_set_aside(bool due_only);
  bool repeat(const scrape_attempt& failed, const fetch_error& why);
  query asked_for(std::size_t index);
  void deliver(std::size_t index, outcome&& result);
  std::size_t queries_begun() const;
  double chance();
  void wake_all();

  struct waker {
    batch_run* run;
    void operator()() const { run->wake_all(); }
  };

  const batch& work_;
  const outcome_sink& sink_;
  const std::size_t workers_;
  std::atomic<std::size_t> next_;  // the first index that no worker has taken, but for those handed back
  std::atomic<bool> failed_ = false;

  std::mutex delivery_;  // calls of the sink and of on_retry never overlap
  std::exception_ptr fault_;
  std::size_t repeats_made_ = 0;  // guarded by delivery_, as is the next
  std::uint64_t chances_;

  std::atomic<bool> has_set_aside_ = false;  // whether to look below, and so to lock
  std::mutex set_aside_;
  repeat_queue repeats_;
  std::size_t handed_back_ = 0;  // [handed_back_, handed_back_end_)
  std::size_t handed_back_end_ = 0;
  std::condition_variable over_;  // `is_over` may have become true
  listener* listeners_ = nullptr;

  std::optional<std::stop_callback<waker>> on_drain_;  // last: from here on another thread may call
};

// None of these throws: where there is no memory for the text, the error goes without.

/// The outcome of a query for which a stop or a drain came before it had one.
outcome cancelled_outcome() noexcept;
/// The outcome of a query whose worker could not be made.
outcome out_of_resources_outcome(const std::exception& why) noexcept;
/// In a catch block: the outcome of an attempt that ran out of memory (std::bad_alloc) or of what else the
/// system or libcurl has to give (std::system_error). Any other exception is thrown on.
outcome outcome_of_exception();

}  // namespace farebench
