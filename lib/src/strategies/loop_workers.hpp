#pragma once

#include <concepts>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "farebench/event_loop.hpp"
#include "strategies/batch_run.hpp"
#include "strategies/resources.hpp"

namespace farebench {

/// A worker of a strategy on an event loop. `start` runs its first attempt up to the first wait; the loop
/// then resumes the worker until no item is left for it. `attempt` is its current attempt, if any.
template <typename Worker>
concept loop_worker = requires(Worker& worker) {
  worker.start();
  { worker.attempt() } -> std::same_as<scrape_attempt&>;
};

/// Up to `capacity` workers in one allocation. They never move, because callbacks and coroutines hold their
/// addresses, and are destroyed in order of construction.
template <typename Worker>
class worker_store {
 public:
  explicit worker_store(std::size_t capacity)
      : capacity_{capacity}, workers_{capacity > 0 ? std::allocator<Worker>{}.allocate(capacity) : nullptr} {}
  ~worker_store() {
    std::destroy_n(workers_, size_);
    if (workers_) std::allocator<Worker>{}.deallocate(workers_, capacity_);
  }
  worker_store(const worker_store&) = delete;
  worker_store& operator=(const worker_store&) = delete;

  /// Requires size < capacity. Changes nothing if the worker's constructor throws.
  template <typename... Arguments>
  Worker& emplace_back(Arguments&&... arguments) {
    Worker* const worker = std::construct_at(workers_ + size_, std::forward<Arguments>(arguments)...);
    ++size_;
    return *worker;
  }

  Worker* begin() { return workers_; }
  Worker* end() { return workers_ + size_; }

 private:
  const std::size_t capacity_;
  std::size_t size_ = 0;
  Worker* const workers_;
};

/// The workers of one event loop. Several loops share the workers of a run, and all take attempts from the
/// same run. Used by one thread, which need not be the one that constructs it.
class loop_workers {
 public:
  using time_point = scrape_attempt::clock::time_point;

  /// For workers [first, end) of the run.
  loop_workers(const transport& http, batch_run& run, std::size_t first, std::size_t end);

  batch_run& run() { return run_; }
  event_loop& loop() { return loop_; }
  const fetch_limits& limits() const { return run_.policy().exchange; }
  std::size_t size() const { return end_ - first_; }

  /// Creates and starts the workers, and runs the loop until no item is left for them or the run is
  /// stopping. The constructor of a worker gets this object, its first attempt and `shared`.
  template <loop_worker Worker, typename... Shared>
  void run_all(Shared&... shared);

  /// Sets `attempt`, which is empty, to the worker's next attempt, if an item is left. If that is not due
  /// yet, returns `wait(due)`, which starts the wait; otherwise returns a default value. Without memory for
  /// the wait the item fails, and the worker gets another attempt.
  template <typename Wait>
  std::invoke_result_t<Wait, time_point> next_attempt(scrape_attempt& attempt, Wait&& wait);

  /// Returns true once run_all creates workers.
  bool has_started() const { return has_started_; }
  /// Fails the first items of workers that could not be started; other loops run the rest.
  void fail_unstarted(const fetch_error& error);

 private:
  void run_loop();

  batch_run& run_;
  const std::size_t first_;
  const std::size_t end_;
  bool has_started_ = false;
  event_loop loop_;
  batch_run::listener on_stopping_{run_, [this] { loop_.interrupt(); }};
};

/// Runs the items on as many event loops as their options say, or on as many as the system allows. The first
/// loop runs in the calling thread, the others in threads of their own. `run_workers` calls run_all.
void run_on_loops(const transport& http, const run_items& items,
                  const std::function<void(loop_workers&)>& run_workers);

template <loop_worker Worker, typename... Shared>
void loop_workers::run_all(Shared&... shared) {
  // Number of workers started between two polls, which send the first requests while others are created.
  constexpr std::size_t started_per_poll = 32;
  worker_store<Worker> workers{size()};
  has_started_ = true;
  for (std::size_t index = first_; index < end_; ++index) {
    scrape_attempt first{.index = index};
    if (run_.is_stopping()) {
      run_.fail_attempt(first, cancelled_item_error());
      continue;
    }
    Worker* worker = nullptr;
    if (auto error = until_refused([&] { worker = &workers.emplace_back(*this, first, shared...); })) {
      run_.fail_attempt(first, *std::move(error));
    } else {
      worker->start();
    }
    if (index % started_per_poll == started_per_poll - 1) loop_.poll_once();
  }
  run_loop();
  for (Worker& worker : workers) {
    if (worker.attempt()) run_.fail_attempt(worker.attempt(), cancelled_item_error());
  }
}

template <typename Wait>
std::invoke_result_t<Wait, loop_workers::time_point> loop_workers::next_attempt(scrape_attempt& attempt,
                                                                                Wait&& wait) {
  while (const auto next = run_.next_attempt()) {
    attempt = next->attempt;
    if (!next->due) break;
    try {
      return wait(*next->due);
    } catch (...) {
      run_.fail_attempt(attempt, resource_error());
    }
  }
  return std::invoke_result_t<Wait, time_point>();
}

}  // namespace farebench
