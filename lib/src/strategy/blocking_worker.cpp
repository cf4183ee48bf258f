#include "strategy/blocking_worker.hpp"

#include <exception>
#include <new>
#include <optional>
#include <system_error>

#include "strategy/scrape.hpp"

namespace farebench {

void work_off_blocking(batch_run& run, scrape_attempt first, std::size_t threads) noexcept {
  try {
    const batch& work = run.work();
    std::optional<scrape_attempt> attempt = first ? first : run.await_next();
    if (!attempt) return;
    std::optional<thread_client> client;
    fare_scanner scanner;
    try {
      client.emplace(work.policy.exchange, work.stop, threads);
    } catch (const std::system_error& fault) {
      return run.settle(*attempt, out_of_resources_outcome(fault));
    } catch (const std::bad_alloc& fault) {
      return run.settle(*attempt, out_of_resources_outcome(fault));
    }
    for (; attempt; attempt = run.await_next()) {
      run.settle(*attempt, scrape(run, *attempt, *client, scanner));
    }
  } catch (...) {
    run.fail(std::current_exception());
  }
}

}  // namespace farebench
