#include "bench/raw_epoll/raw_epoll.hpp"

#include <stdexcept>

#include "bench/raw_epoll/raw_batch.hpp"

namespace farebench {

void raw_epoll::run(const batch& work, const outcome_sink& sink) {
  if (work.workers == 0) throw std::invalid_argument{"a batch needs at least one worker"};
  if (!work.query_at) throw std::invalid_argument{"a batch needs a query_at"};
  raw_batch{work, sink}.run();
}

}  // namespace farebench
