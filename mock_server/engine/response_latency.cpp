#include "mock_server/engine/response_latency.hpp"

#include <variant>

namespace farebench {

std::chrono::nanoseconds response_latency::of(const site_response& response) const {
  if (const auto* session = std::get_if<started_session>(&response.done)) {
    return start_latency(model, seed, session->ordinal);
  }
  if (const auto* asked = std::get_if<query>(&response.done)) return search_latency(model, seed, *asked);
  return model.mean();
}

}  // namespace farebench
