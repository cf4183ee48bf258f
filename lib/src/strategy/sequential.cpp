#include "strategy/sequential.hpp"

#include "strategy/check_batch.hpp"
#include "strategy/scrape.hpp"

namespace farebench {

void sequential::run(const batch& work, const outcome_sink& sink) {
  check_batch(work);
  http_client client{work.limits};
  fare_scanner scanner;
  for (std::size_t index = 0; index < work.size; ++index) {
    sink(index, scrape(work.base_url, work.query_at(index), client, scanner, &http_client::perform));
  }
}

}  // namespace farebench
