#include "mock_server/faults/spoil_answer.hpp"

namespace farebench {

void spoil_answer(fault_kind kind, site_response& answer, random_stream& random,
                  std::chrono::system_clock::time_point now) {
  spoil_head(kind, answer, random, now);
  spoil_page(kind, answer.body, random);
}

}  // namespace farebench
