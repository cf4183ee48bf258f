#include "mock_server/faults/fault_injection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>
#include <variant>

#include "farebench/date.hpp"
#include "mock_server/faults/fault_effects.hpp"
#include "mock_server/site/results_page.hpp"

namespace farebench {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds min_late_latency{std::chrono::milliseconds{200}};

using json = nlohmann::ordered_json;

int step_of(const site_request& request) {
  if (request.target == search_target) return request.method == "POST" ? 2 : 0;
  const bool is_start = request.target.substr(0, request.target.find('?')) == start_target;
  return is_start && request.method == "GET" ? 1 : 0;
}

/// Returns true for a file whose last line has no end: a server was killed while it wrote the line.
bool ends_within_line(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  std::ifstream file{path, std::ios::binary};
  return file.seekg(-1, std::ios::end) && file.get() != '\n';
}

// Does not quote the tag, which may hold anything.
site_response invalid_tag() {
  return text_response(400, "the header X-Scrape is not a date and an attempt such as 2026-03-01/1\n");
}

}  // namespace

fault_log::fault_log(const std::filesystem::path& path)
    : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (file_.get() < 0) {
    throw std::system_error(errno, std::generic_category(), "fault log: open " + path.string());
  }
  if (ends_within_line(path)) write_text("\n");
}

void fault_log::write(const attempt_step& exchange, std::optional<std::uint64_t> session,
                      std::optional<fault_kind> fault, int status) {
  json object{{"date", exchange.date ? json(format_iso_date(*exchange.date)) : json{}}};
  if (session) object["session"] = *session;
  if (exchange.page) object["page"] = *exchange.page;
  object["step"] = exchange.step != 0 ? json(exchange.step) : json{};
  object["attempt"] = exchange.attempt != 0 ? json(exchange.attempt) : json{};
  object["fault"] = fault ? json(to_string(*fault)) : json{};
  object["status"] = status != 0 ? json(status) : json{};
  write_text(object.dump() + "\n");
}

void fault_log::write_text(const std::string& text) {
  ssize_t written;
  do {
    written = ::write(file_.get(), text.data(), text.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(text.size()) || is_broken_) return;
  is_broken_ = true;
  fmt::print(stderr, "mock_server: --fault-log {}: {}; the log is incomplete from here\n", path_.string(),
             written < 0 ? std::strerror(errno) : "a line was cut");
}

fault_injection::fault_injection(site& target, const fault_settings& settings)
    : site_(target), plan_(settings.plan) {
  if (!settings.log.empty()) log_.emplace(settings.log);
}

std::optional<fault_script> fault_injection::apply(const site_request& request, std::string_view tag,
                                                   site_response& response, nanoseconds& latency) {
  const auto parsed_tag = parse_scrape_tag(tag);
  if (!tag.empty() && !parsed_tag) response = invalid_tag();
  const attempt_step exchange = identify(request, parsed_tag, response);
  const auto fault = choose_fault(request, exchange, response);
  // A fault may replace the response.
  const auto session = response.session_ordinal;
  std::optional<fault_script> script;
  if (fault) script = inject(*fault, request, exchange, response, latency);
  if (log_) log_->write(exchange, session, fault, script ? script->status : response.status);
  return script;
}

attempt_step fault_injection::identify(const site_request& request, const std::optional<scrape_tag>& tag,
                                       const site_response& response) {
  if (const auto* const page = std::get_if<numbered_page>(&response.step)) {
    return request.method == "GET" ? attempt_step{.page = page->number, .attempt = 1} : attempt_step{};
  }
  attempt_step exchange{.step = step_of(request)};
  if (tag) {
    exchange.date = tag->date;
    exchange.attempt = tag->attempt;
  } else if (const auto* const search = std::get_if<query>(&response.step)) {
    exchange.date = search->date;
    exchange.attempt = ++untagged_searches_[search->date];
  } else if (const auto* const started = std::get_if<started_session>(&response.step)) {
    exchange.session = started->ordinal;
    exchange.attempt = 1;
  }
  return exchange;
}

std::optional<fault_kind> fault_injection::choose_fault(const site_request& request,
                                                        const attempt_step& exchange,
                                                        const site_response& response) const {
  if (request.target == redirect_target) return fault_kind::redirect_loop;
  if (std::holds_alternative<std::monostate>(response.step)) return std::nullopt;
  return plan_.fault_at(exchange);
}

std::optional<fault_script> fault_injection::inject(fault_kind fault, const site_request& request,
                                                    const attempt_step& exchange, site_response& response,
                                                    nanoseconds& latency) {
  if (fault == fault_kind::late_response) latency = std::max(10 * latency, min_late_latency);
  if (fault == fault_kind::expired_session) {
    site_.expire_sessions(request.cookie);
    response = site_.respond(request);
  }
  random_stream random = plan_.details_at(exchange);
  alter_response(fault, response, random, std::chrono::system_clock::now());
  return make_script(fault, response);
}

}  // namespace farebench
