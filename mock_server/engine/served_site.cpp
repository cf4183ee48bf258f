#include "mock_server/engine/served_site.hpp"

#include <exception>
#include <utility>

#include "mock_server/engine/listen_drops.hpp"
#include "mock_server/site/page_parts.hpp"

namespace farebench {
namespace {

constexpr std::string_view stats_target = "/stats";

std::string_view reason_for(int status) {
  switch (status) {
    case 413:
      return "the body is longer than a form can be\n";
    case 414:
      return "the request line is too long\n";
    case 500:
      return "the mock server failed; this is a bug in it\n";
    default:
      return "not a request that can be read\n";
  }
}

}  // namespace

served_site::served_site(site& served, const response_latency& latency, engine_kind engine,
                         std::chrono::milliseconds stats_wait)
    : site_(served), latency_(latency), engine_(engine), stats_wait_(stats_wait) {}

bool served_site::counts(std::string_view target) { return target != stats_target; }

bool served_site::reads_body(std::string_view method, std::string_view target) {
  return method == "POST" && target.substr(0, target.find('?')) == start_target;
}

timed_response served_site::answer(const site_request& request) try {
  if (request.target == stats_target && request.method == "GET") {
    site_response told;
    told.content_type = "application/json";
    told.body = to_json(stats(stats_wait_));
    return {.content = std::move(told)};
  }
  site_response answered = site_.answer(request);
  const auto latency = latency_.of(answered);
  return {.content = std::move(answered), .latency = latency};
} catch (const std::exception&) {
  return refusal(500);
}

timed_response served_site::refusal(int status) const {
  site_response refused;
  refused.status = status;
  refused.content_type = "text/plain; charset=utf-8";
  refused.body = reason_for(status);
  return {.content = std::move(refused), .latency = refusal_latency()};
}

void served_site::add_listening_socket(int socket) {
  const std::lock_guard lock{listening_guard_};
  listening_.push_back(socket);
}

void served_site::forget_listening_sockets() {
  const std::lock_guard lock{listening_guard_};
  listening_.clear();
}

server_stats served_site::stats() const { return stats(std::chrono::milliseconds{100}); }

server_stats served_site::stats(std::chrono::milliseconds wait) const {
  server_stats stats;
  stats.engine = name_of(engine_);
  stats.sessions = site_.sessions_started();
  {
    const std::lock_guard lock{listening_guard_};
    for (const int socket : listening_) stats.listen_drops += listen_drops(socket);
  }
  log_.fill(stats, wait);
  return stats;
}

}  // namespace farebench
