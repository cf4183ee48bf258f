#include "strategy/sequential.hpp"

#include <algorithm>

#include "strategy/blocking_worker.hpp"
#include "strategy/check_batch.hpp"

namespace farebench {

void sequential::run(const batch& work, const outcome_sink& sink) {
  check_batch(work);
  batch_run run{work, sink, std::min<std::size_t>(work.size, 1)};
  if (work.size > 0) work_off_blocking(run, {.index = 0}, 1);
  run.end();
}

}  // namespace farebench
