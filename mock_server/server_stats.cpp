#include "mock_server/server_stats.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace farebench {
namespace {

// Older servers have no such members.
constexpr std::string_view network_member = "network";
constexpr std::string_view stats_connections_member = "stats_connections";

// Calls visit(name, member) for each member.
template <typename Stats, typename Visit>
void for_each_member(Stats& stats, Visit visit) {
  visit("engine", stats.engine);
  visit("latency", stats.latency);
  visit("seed", stats.seed);
  visit("page_kb", stats.page_kb);
  visit("faults", stats.faults);
  visit(network_member, stats.network);
  visit("requests", stats.requests);
  visit("in_flight", stats.in_flight);
  visit("in_flight_peak", stats.in_flight_peak);
  visit("items", stats.items);
  visit("sessions", stats.sessions);
  visit("search_sessions", stats.search_sessions);
  visit("connections_accepted", stats.connections_accepted);
  visit(stats_connections_member, stats.stats_connections);
  visit("listen_drops", stats.listen_drops);
  visit("late_p50_ms", stats.late_p50_ms);
  visit("late_p99_ms", stats.late_p99_ms);
  visit("late_max_ms", stats.late_max_ms);
}

bool has_type_of(const nlohmann::json& value, const std::string&) { return value.is_string(); }
bool has_type_of(const nlohmann::json& value, std::uint64_t) { return value.is_number_unsigned(); }
bool has_type_of(const nlohmann::json& value, double) { return value.is_number(); }

}  // namespace

std::string to_json(const server_stats& stats) {
  nlohmann::ordered_json object;
  for_each_member(stats, [&](std::string_view name, const auto& member) { object[name] = member; });
  return object.dump();
}

server_stats parse_server_stats(std::string_view json) {
  const auto object = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) throw std::runtime_error("server stats: the response is not a JSON object");
  if (!object.contains("engine"))
    throw std::runtime_error("server stats: no member engine; not a mock server");
  server_stats stats;
  stats.stats_connections = 1;
  for_each_member(stats, [&](std::string_view name, auto& member) {
    const auto found = object.find(name);
    if (found == object.end() && (name == network_member || name == stats_connections_member)) return;
    if (found == object.end()) {
      throw std::runtime_error("server stats: no member " + std::string{name} +
                               "; the mock server is too old");
    }
    if (!has_type_of(*found, member)) {
      throw std::runtime_error("server stats: member " + std::string{name} + " is of another type");
    }
    found->get_to(member);
  });
  return stats;
}

}  // namespace farebench
