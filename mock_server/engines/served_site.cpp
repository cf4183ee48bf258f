#include "mock_server/engines/served_site.hpp"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <exception>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include "lib/system/host_identity.hpp"
#include "lib/system/log_linear.hpp"
#include "lib/system/output_file.hpp"
#include "mock_server/engines/server_engine.hpp"
#include "mock_server/site/results_page.hpp"

namespace farebench {
namespace {

// latency_histogram's last bucket begins below 2^43 ns.
constexpr std::size_t bucket_count = log_linear::bucket_of((std::uint64_t{1} << 43) - 1) + 1;

std::size_t bucket_of(std::uint64_t ns) { return std::min(log_linear::bucket_of(ns), bucket_count - 1); }

std::uint64_t max_ns_of(std::size_t bucket) {
  const auto [first, width] = log_linear::range_of(bucket);
  return first + width - 1;
}

constexpr std::string_view stats_target = "/stats";

std::string_view refusal_text(int status) {
  switch (status) {
    case 413:
      return "the body is longer than a form can be\n";
    case 414:
      return "the request line is too long\n";
    case 431:
      return "the header fields are too long\n";
    case 501:
      return "unknown method\n";
    case 505:
      return "the version is neither HTTP/1.0 nor HTTP/1.1\n";
    case 500:
      return "the mock server failed; this is a bug in it\n";
    default:
      return "not a request that can be read\n";
  }
}

double in_ms(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

latency_histogram::latency_histogram() : counts_(bucket_count) {}

void latency_histogram::record(std::chrono::nanoseconds duration) {
  duration = std::max(duration, std::chrono::nanoseconds{0});
  ++counts_[bucket_of(static_cast<std::uint64_t>(duration.count()))];
  ++count_;
  max_ = std::max(max_, duration);
}

std::chrono::nanoseconds latency_histogram::quantile(double share) const {
  if (count_ == 0) return {};
  const auto rank =
      static_cast<std::uint64_t>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_)));
  std::uint64_t cumulative = 0;
  for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
    cumulative += counts_[bucket];
    if (cumulative > 0 && cumulative >= rank) {
      return std::min(std::chrono::nanoseconds{static_cast<std::int64_t>(max_ns_of(bucket))}, max_);
    }
  }
  return max_;
}

std::chrono::nanoseconds response_latency::of(const site_response& response) const {
  if (const auto* session = std::get_if<started_session>(&response.step)) {
    return start_latency(model, seed, session->ordinal);
  }
  if (const auto* search = std::get_if<query>(&response.step)) return search_latency(model, seed, *search);
  if (const auto* page = std::get_if<numbered_page>(&response.step)) {
    return page_latency(model, seed, page->number);
  }
  return model.mean();
}

void item_count::number_set::insert(std::size_t number) {
  if (number >= contains.size()) contains.resize(number + 1);
  if (!contains[number]) ++count;
  contains[number] = true;
}

void item_count::add(const site_response& response) {
  using namespace std::chrono;
  if (const auto* const page = std::get_if<numbered_page>(&response.step)) pages_.insert(page->number);
  if (const auto* const search = std::get_if<query>(&response.step)) {
    const days day = sys_days{search->date} - sys_days{year{2000} / January / 1};
    dates_.insert(static_cast<std::size_t>(day.count()));
    sessions_.insert(*response.session_ordinal);
  }
}

void response_log::connection_accepted() {
  const std::lock_guard lock{mutex_};
  ++connections_;
}

void response_log::stats_requested() {
  const std::lock_guard lock{mutex_};
  ++stats_connections_;
}

void response_log::arrived() {
  const std::lock_guard lock{mutex_};
  ++in_flight_;
  in_flight_peak_ = std::max(in_flight_peak_, in_flight_);
}

void response_log::responded(const site_response& response) {
  const std::lock_guard lock{mutex_};
  items_.add(response);
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
  stats.items = items_.items();
  stats.search_sessions = items_.search_sessions();
  stats.connections_accepted = connections_;
  stats.stats_connections = stats_connections_;
  stats.late_p50_ms = in_ms(lateness_.quantile(0.50));
  stats.late_p99_ms = in_ms(lateness_.quantile(0.99));
  stats.late_max_ms = in_ms(lateness_.max());
}

void response_log::reset(std::chrono::milliseconds wait) {
  std::unique_lock lock{mutex_};
  none_leaving_.wait_for(lock, wait, [this] { return leaving_ == 0; });
  connections_ = 0;
  stats_connections_ = 0;
  requests_ = 0;
  in_flight_peak_ = in_flight_;
  items_ = {};
  lateness_ = {};
}

std::uint64_t socket_drops(int listening_socket) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> counters{};
  socklen_t size = sizeof counters;
  if (::getsockopt(listening_socket, SOL_SOCKET, SO_MEMINFO, counters.data(), &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "getsockopt SO_MEMINFO");
  }
  return counters[SK_MEMINFO_DROPS];
}

std::optional<std::uint64_t> namespace_listen_drops() {
  try {
    return parse_listen_drops(read_file("/proc/net/netstat"));
  } catch (const std::system_error&) {
    return std::nullopt;
  }
}

// Each group of counters has a line of names and a line of values in the same order.
std::optional<std::uint64_t> parse_listen_drops(const std::string& netstat) {
  std::istringstream lines{netstat};
  std::string names;
  std::string values;
  while (std::getline(lines, names) && std::getline(lines, values)) {
    std::istringstream next_name{names};
    std::istringstream next_value{values};
    std::string name;
    std::string value;
    while (next_name >> name && next_value >> value) {
      if (name != "ListenDrops") continue;
      std::uint64_t count = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
      if (error == std::errc{} && end == value.data() + value.size()) return count;
    }
  }
  return std::nullopt;
}

served_site::served_site(site& served, const engine_options& options, engine_kind engine,
                         std::chrono::milliseconds stats_wait)
    : site_(served), latency_(options.latency), stats_wait_(stats_wait) {
  settings_.engine = to_string(engine);
  settings_.latency = format_latency(latency_.model);
  settings_.seed = latency_.seed;
  settings_.page_kb = served.page_kb();
  if (options.faults) settings_.faults = format_faults(options.faults->plan.rates);
  settings_.network = network_id();
}

std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() ||
        !std::ranges::equal(target.substr(0, scheme.size()), scheme, {}, [](char c) {
          return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
        }))
      continue;
    const auto path = target.find_first_of("/?", scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

bool is_known_method(std::string_view method) {
  constexpr std::array methods{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                               "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  return std::ranges::find(methods, method) != methods.end();
}

bool served_site::counts(std::string_view target) { return target != stats_target; }

bool served_site::reads_body(std::string_view method, std::string_view target) {
  return method == "POST" && target.substr(0, target.find('?')) == start_target;
}

timed_response served_site::respond(const site_request& request) try {
  if (request.target == "*") {
    auto response = text_response(request.method == "OPTIONS" ? 200 : 400, {});
    if (response.status == 200) response.allow = "GET, HEAD, POST, OPTIONS";
    return {.content = std::move(response), .latency = latency_.model.mean()};
  }
  if (request.target == stats_target && (request.method == "GET" || request.method == "HEAD")) {
    site_response response;
    response.content_type = "application/json";
    response.body = to_json(stats(stats_wait_));
    return {.content = std::move(response)};
  }
  if (request.target == stats_target && request.method == "DELETE") return reset();
  site_response response = site_.respond(request);
  log_.responded(response);
  const auto latency = latency_.of(response);
  return {.content = std::move(response), .latency = latency};
} catch (const std::exception&) {
  return refusal(500);
}

timed_response served_site::refusal(int status) const {
  return {.content = text_response(status, std::string{refusal_text(status)}),
          .latency = latency_.model.mean()};
}

void served_site::add_listening_socket(int socket) {
  const std::lock_guard lock{listening_mutex_};
  listening_sockets_.push_back({socket});
}

void served_site::forget_listening_sockets() {
  const std::lock_guard lock{listening_mutex_};
  listening_sockets_.clear();
}

server_stats served_site::stats() const { return stats(std::chrono::milliseconds{100}); }

server_stats served_site::stats(std::chrono::milliseconds wait) const {
  server_stats stats = settings_;
  stats.sessions = site_.sessions_started();
  stats.listen_drops = listen_drops();
  log_.fill(stats, wait);
  return stats;
}

// The sockets also count resets: when a client closes 10,000 connections at once and the kernel has no room
// for their TIME_WAIT states (net.ipv4.tcp_max_tw_buckets), up to 250 resets arrive after their connections
// have ended. The namespace counts connections only, but those of other servers too. So the lower one holds.
std::uint64_t served_site::listen_drops() const {
  const std::lock_guard lock{listening_mutex_};
  std::uint64_t drops = 0;
  for (const auto& listening : listening_sockets_) {
    drops += socket_drops(listening.socket) - listening.drops_before;
  }
  const auto namespace_drops = namespace_listen_drops();
  if (!namespace_drops || !namespace_drops_before_) return drops;
  return std::min(drops, *namespace_drops - *namespace_drops_before_);
}

timed_response served_site::reset() {
  site_.reset_sessions();
  log_.reset(stats_wait_);
  const std::lock_guard lock{listening_mutex_};
  for (auto& listening : listening_sockets_) listening.drops_before = socket_drops(listening.socket);
  namespace_drops_before_ = namespace_listen_drops();
  timed_response done;
  done.content.status = 204;
  done.is_reset = true;
  return done;
}

}  // namespace farebench
