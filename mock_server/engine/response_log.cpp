#include "mock_server/engine/response_log.hpp"

#include <algorithm>

namespace farebench {
namespace {

double in_ms(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

void response_log::connection_accepted() {
  const std::lock_guard lock{mutex_};
  ++connections_;
}

void response_log::arrived() {
  const std::lock_guard lock{mutex_};
  ++in_flight_;
  in_flight_peak_ = std::max(in_flight_peak_, in_flight_);
}

void response_log::leaving() {
  const std::lock_guard lock{mutex_};
  --in_flight_;
  ++requests_;
  ++leaving_;
}

void response_log::left(std::chrono::nanoseconds lateness) {
  const std::lock_guard lock{mutex_};
  lateness_.record(lateness);
  if (--leaving_ == 0) none_leaving_.notify_all();
}

void response_log::abandoned() {
  const std::lock_guard lock{mutex_};
  --in_flight_;
}

void response_log::fill(server_stats& stats, std::chrono::milliseconds wait) const {
  std::unique_lock lock{mutex_};
  none_leaving_.wait_for(lock, wait, [this] { return leaving_ == 0; });
  stats.requests = requests_;
  stats.in_flight = in_flight_;
  stats.in_flight_peak = in_flight_peak_;
  stats.connections_accepted = connections_;
  stats.late_p50_ms = in_ms(lateness_.quantile(0.50));
  stats.late_p99_ms = in_ms(lateness_.quantile(0.99));
  stats.late_max_ms = in_ms(lateness_.max());
}

}  // namespace farebench
