#pragma once

#include <cstddef>
#include <exception>
#include <expected>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "farebench/event_loop.hpp"
#include "strategies/batch_run.hpp"
#include "strategies/scrape.hpp"

namespace farebench {

/// Up to so many workers, side by side in one allocation, which never move: callbacks and coroutines hold
/// their addresses. Destroyed in the order in which they were made.
template <typename Worker>
class worker_store {
 public:
  explicit worker_store(std::size_t most)
      : most_{most}, workers_{most > 0 ? std::allocator<Worker>{}.allocate(most) : nullptr} {}
  ~worker_store() {
    std::destroy_n(workers_, size_);
    if (workers_) std::allocator<Worker>{}.deallocate(workers_, most_);
  }
  worker_store(const worker_store&) = delete;
  worker_store& operator=(const worker_store&) = delete;

  /// Throws what the worker's constructor throws, and is as before then. No more than there is room for.
  template <typename... Arguments>
  Worker& emplace_back(Arguments&&... arguments) {
    auto* const made =
        ::new (static_cast<void*>(workers_ + size_)) Worker{std::forward<Arguments>(arguments)...};
    ++size_;
    return *made;
  }
  void pop_back() { std::destroy_at(workers_ + --size_); }

  Worker* begin() { return workers_; }
  Worker* end() { return workers_ + size_; }

 private:
  const std::size_t most_;
  std::size_t size_ = 0;
  Worker* const workers_;
};

/// The workers of one event loop, and what they share; all in one thread, but for the making. With several
/// loops each has its part of the workers, and all take their work from the same run.
class loop_scrapes {
 public:
  /// Workers [first, end) of the run.
  loop_scrapes(batch_run& run, std::size_t first, std::size_t end, event_loop::wait_mode how)
      : run_{run}, first_{first}, end_{end}, loop_{end - first, how}, on_over_{run, [this] {
                                                                                 loop_.interrupt();
                                                                               }} {}

  batch_run& run() { return run_; }
  const batch& work() const { return run_.work(); }
  event_loop& loop() { return loop_; }
  std::size_t workers() const { return end_ - first_; }

  /// Makes each of this loop's workers with its first attempt, by `make(attempt)`, and then calls `start`
  /// with what that returned. One for which there are no resources is not started, and its query's outcome
  /// says so.
  template <typename Make, typename Start>
  void start_workers(Make&& make, Start&& start) {
    // Between two looks at the sockets: the first requests are on their way while the last workers are made.
    constexpr std::size_t started_a_turn = 32;
    has_begun_ = true;
    for (std::size_t index = first_; index < end_; ++index) {
      scrape_attempt first{.index = index};
      if (run_.is_over()) {
        cancel(first);
        continue;
      }
      if (auto* const worker = made(make, first)) start(*worker);
      if (index % started_a_turn == started_a_turn - 1) loop_.poll_once();
    }
  }

  /// In a catch block: when it had no room to begin with its workers, their first queries get an outcome that
  /// says so, and the rest is left to the other loops. Any other exception is thrown on.
  void give_up_unbegun() {
    if (has_begun_) throw;
    const outcome why = outcome_of_exception();
    for (std::size_t index = first_; index < end_; ++index) {
      scrape_attempt first{.index = index};
      run_.settle(first, outcome{why});
    }
  }

  /// Runs the loop until nothing is left for its workers to do, or a stop is requested, or a worker anywhere
  /// has failed. When a drain is requested, nobody waits for the next attempt any more.
  void run_loop() {
    while (!loop_.run(work().stop) && !work().stop.stop_requested() && !run_.has_failed())
      loop_.expire_timers();
  }

  void settle(scrape_attempt& attempt, outcome&& result) { run_.settle(attempt, std::move(result)); }
  /// The worker's next attempt, if there is one; when it is due. For who awaits it, and for who is called
  /// back.
  wait_awaiter next(scrape_attempt& attempt) {
    while (const auto due = take_next(attempt)) {
      try {
        return loop_.wait_until(*due);
      } catch (const std::bad_alloc& fault) {
        run_.settle(attempt, out_of_resources_outcome(fault));
      }
    }
    return {};
  }
  std::optional<scrape_attempt::clock::time_point> take_next(scrape_attempt& attempt) {
    const auto piece = run_.next();
    attempt = piece ? piece->attempt : scrape_attempt{};
    return piece ? piece->due : std::nullopt;
  }
  /// Begins to wait for an attempt by `wait()`. False where there is no memory for that: then its query has
  /// had its outcome, and the worker takes another.
  template <typename Wait>
  bool waits(scrape_attempt& attempt, Wait&& wait) {
    try {
      wait();
      return true;
    } catch (const std::bad_alloc& fault) {
      run_.settle(attempt, out_of_resources_outcome(fault));
      return false;
    }
  }
  /// When the loop has ended: the query that a worker still has, if any, ends as cancelled.
  void cancel(scrape_attempt& attempt) {
    if (attempt) run_.settle(attempt, cancelled_outcome());
  }
  void fail() { run_.fail(std::current_exception()); }

 private:
  /// Null when it could not be made.
  template <typename Make>
  auto made(Make& make, scrape_attempt first) -> decltype(make(first)) {
    try {
      return make(first);
    } catch (const std::system_error& fault) {
      run_.settle(first, out_of_resources_outcome(fault));
    } catch (const std::bad_alloc& fault) {
      run_.settle(first, out_of_resources_outcome(fault));
    }
    return nullptr;
  }

  batch_run& run_;
  const std::size_t first_;
  const std::size_t end_;
  bool has_begun_ = false;
  event_loop loop_;
  batch_run::listener on_over_;
};

/// Runs a batch on as many event loops as it asks for, or as can be had, each on a thread of its own (one: on
/// the calling thread). `work_off` is a loop's whole life: starts its workers, runs the loop, and after a
/// stop gives the queries that they have their outcome.
void run_on_loops(const batch& work, const outcome_sink& sink, event_loop::wait_mode how,
                  const std::function<void(loop_scrapes&)>& work_off);

}  // namespace farebench
