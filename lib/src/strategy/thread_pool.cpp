#include "strategy/thread_pool.hpp"

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "strategy/check_batch.hpp"
#include "strategy/scrape.hpp"

namespace farebench {
namespace {

/// What the workers of one run share.
class shared_work {
 public:
  shared_work(const batch& work, const outcome_sink& sink)
      : work_{work}, sink_{sink}, next_{workers_needed(work)} {}

  /// A worker's life: scrape and deliver, until no query is left or another worker has failed. Its
  /// first query is its own, so that each worker works (and connects) even when the first ones are
  /// done before the last ones start.
  void work_off(std::size_t first) noexcept {
    try {
      thread_client client{work_.limits, work_.stop};
      fare_scanner scanner;
      for (std::size_t index = first; index < work_.size && !stopped_.load(std::memory_order_relaxed);
           index = next_.fetch_add(1, std::memory_order_relaxed)) {
        auto result = work_.stop.stop_requested()
                          ? cancelled_outcome()
                          : scrape(work_.base_url, work_.query_at(index), client, scanner);
        const std::lock_guard lock{delivery_};
        sink_(index, std::move(result));
      }
    } catch (...) {
      stop();
      const std::lock_guard lock{delivery_};
      if (!fault_) fault_ = std::current_exception();
    }
  }

  void stop() { stopped_.store(true, std::memory_order_relaxed); }

  /// To be called when the workers have ended.
  void rethrow_fault() const {
    if (fault_) std::rethrow_exception(fault_);
  }

 private:
  const batch& work_;
  const outcome_sink& sink_;
  std::atomic<std::size_t> next_;  // the first index that no worker has taken
  std::atomic<bool> stopped_ = false;
  std::mutex delivery_;
  std::exception_ptr fault_;
};

}  // namespace

void thread_pool::run(const batch& work, const outcome_sink& sink) {
  check_batch(work);
  ensure_http_library();
  shared_work shared{work, sink};
  {
    std::vector<std::jthread> threads;  // joins at the end of the block, also when one cannot be started
    threads.reserve(workers_needed(work));
    try {
      for (std::size_t i = 0; i < workers_needed(work); ++i) {
        threads.emplace_back([&shared, i] { shared.work_off(i); });
      }
    } catch (...) {
      shared.stop();
      throw;
    }
  }
  shared.rethrow_fault();
}

}  // namespace farebench
