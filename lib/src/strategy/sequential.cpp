#include "strategy/sequential.hpp"

#include "strategy/check_batch.hpp"
#include "strategy/scrape.hpp"

namespace farebench {

void sequential::run(const batch& work, const outcome_sink& sink) {
  check_batch(work);
  thread_client client{work.limits, work.stop, 1};
  fare_scanner scanner;
  for (std::size_t index = 0; index < work.size; ++index) {
    sink(index, work.stop.stop_requested() ? cancelled_outcome()
                                           : scrape(work.base_url, work.query_at(index), client, scanner));
  }
}

}  // namespace farebench
