#include "mock_server/site/site.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "farebench/date.hpp"
#include "mock_server/site/numbered_page.hpp"
#include "mock_server/site/results_page.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench {

session_store::session_store(std::size_t capacity) : capacity_(capacity) {}

session_store::session session_store::start() {
  session_id id;
  // So few bytes are never cut or interrupted once the system has booted (getrandom(2)).
  if (::getrandom(&id, sizeof id, 0) != sizeof id) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  std::uint64_t ordinal;
  {
    const std::lock_guard lock{mutex_};
    ordinal = started_;
    if (by_age_.size() < capacity_) {
      by_age_.push_back(id);
    } else {
      session_id& oldest = by_age_[started_ % capacity_];
      live_.erase(oldest);
      oldest = id;
    }
    live_.emplace(id, ordinal);
    ++started_;
  }
  return {.id = fmt::format("{:016X}{:016X}", id.high, id.low), .ordinal = ordinal};
}

std::optional<std::uint64_t> session_store::ordinal_of(std::string_view id) const {
  const auto parsed = parse(id);
  if (!parsed) return std::nullopt;
  const std::lock_guard lock{mutex_};
  const auto found = live_.find(*parsed);
  return found == live_.end() ? std::nullopt : std::optional{found->second};
}

void session_store::expire(std::string_view id) {
  const auto parsed = parse(id);
  if (!parsed) return;
  const std::lock_guard lock{mutex_};
  live_.erase(*parsed);
}

void session_store::reset() {
  const std::lock_guard lock{mutex_};
  live_.clear();
  by_age_.clear();
  started_ = 0;
}

std::uint64_t session_store::started() const {
  const std::lock_guard lock{mutex_};
  return started_;
}

std::optional<session_store::session_id> session_store::parse(std::string_view id) {
  if (id.size() != 32) return std::nullopt;
  const auto parse_half = [](std::string_view digits, std::uint64_t& number) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    return error == std::errc{} && end == digits.data() + digits.size();
  };
  session_id parsed{};
  if (!parse_half(id.substr(0, 16), parsed.high) || !parse_half(id.substr(16), parsed.low)) {
    return std::nullopt;
  }
  return parsed;
}

namespace {

// Returns false at a '%' without two hex digits.
bool decode(std::string_view encoded, std::string& text) {
  text.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] == '+') {
      text += ' ';
    } else if (encoded[i] == '%') {
      const std::string_view hex = encoded.substr(i + 1, 2);
      unsigned char byte = 0;
      const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), byte, 16);
      if (hex.size() != 2 || error != std::errc{} || end != hex.data() + hex.size()) return false;
      text += static_cast<char>(byte);
      i += 2;
    } else {
      text += encoded[i];
    }
  }
  return true;
}

// Removes the text up to `delimiter` from the front of `text`, the delimiter too, and returns it.
std::string_view split_front(std::string_view& text, char delimiter) {
  const std::string_view front = text.substr(0, text.find(delimiter));
  text.remove_prefix(std::min(front.size() + 1, text.size()));
  return front;
}

std::expected<std::string, std::string> only_field(const form_fields& fields, std::string_view name) {
  const auto has_name = [name](const auto& field) { return field.first == name; };
  const auto found = std::ranges::find_if(fields, has_name);
  if (found == fields.end()) return std::unexpected(fmt::format("form field {} is missing", name));
  if (std::any_of(found + 1, fields.end(), has_name)) {
    return std::unexpected(fmt::format("form field {} is given more than once", name));
  }
  return found->second;
}

bool is_station_id(std::string_view text) {
  constexpr std::size_t max_digits = 18;
  if (!text.starts_with("ID")) return false;
  text.remove_prefix(2);
  return !text.empty() && text.size() <= max_digits &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::expected<std::string, std::string> station_field(const form_fields& fields, std::string_view name) {
  auto value = only_field(fields, name);
  if (value && !is_station_id(*value)) {
    return std::unexpected(fmt::format("form field {} is not a station: ID and 1 to 18 digits", name));
  }
  return value;
}

}  // namespace

std::expected<form_fields, std::string> decode_form(std::string_view body) {
  form_fields fields;
  std::size_t number = 0;
  while (!body.empty()) {
    std::string_view encoded_value = split_front(body, '&');
    if (encoded_value.empty()) continue;
    ++number;
    const std::string_view encoded_name = split_front(encoded_value, '=');
    auto& [name, value] = fields.emplace_back();
    if (!decode(encoded_name, name) || !decode(encoded_value, value)) {
      return std::unexpected(fmt::format("bad percent-encoding in form field {}", number));
    }
  }
  return fields;
}

std::expected<query, std::string> read_search_form(std::string_view body) {
  const auto fields = decode_form(body);
  if (!fields) return std::unexpected(fields.error());
  auto from = station_field(*fields, "fromStation");
  if (!from) return std::unexpected(std::move(from).error());
  auto to = station_field(*fields, "toStation");
  if (!to) return std::unexpected(std::move(to).error());
  const auto departure = only_field(*fields, "departure");
  if (!departure) return std::unexpected(departure.error());
  const auto date = parse_form_date(*departure);
  if (!date) return std::unexpected("form field departure is not a date that exists, as dd.mm.yy");
  return query{.from = *std::move(from), .to = *std::move(to), .date = *date};
}

site_response text_response(int status, std::string body) {
  site_response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

namespace {

constexpr std::string_view cookie_name = "JSESSIONID";
constexpr std::string_view html_type = "text/html; charset=utf-8";

site_response refusal(int status, std::string reason, std::string_view allow = {}) {
  site_response response = text_response(status, std::move(reason) + "\n");
  response.allow = allow;
  return response;
}

site_response html(std::string body) {
  site_response response;
  response.content_type = html_type;
  response.body = std::move(body);
  return response;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t";
  const std::size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_form_type(std::string_view content_type) {
  return equal_ignoring_case(trimmed(content_type.substr(0, content_type.find(';'))),
                             "application/x-www-form-urlencoded");
}

// Calls visit(id) for each session in a Cookie header field, until a call returns true.
template <typename Visit>
void visit_sessions(std::string_view cookies, Visit visit) {
  while (!cookies.empty()) {
    const std::string_view pair = trimmed(split_front(cookies, ';'));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != cookie_name) continue;
    if (visit(pair.substr(equals + 1))) return;
  }
}

}  // namespace

site::site(std::size_t page_kb) : page_kb_(page_kb) { check_page_kb(page_kb); }

site_response site::respond(const site_request& request) {
  const bool is_read = request.method == "GET" || request.method == "HEAD";
  if (request.target == search_target) {
    if (request.method == "POST") return search(request);
    return refusal(405, "the search form is sent with POST", "POST");
  }
  if (const auto number = parse_page_target(request.target)) {
    return is_read ? page(*number) : refusal(405, "a page is read with GET", "GET, HEAD");
  }
  if (request.target.substr(0, request.target.find('?')) != start_target) {
    return refusal(404, "no such page");
  }
  if (is_read) return start_session();
  if (request.method == "POST" && request.target != start_target) return refusal(404, "no such form");
  return refusal(405, "the start page is read with GET", "GET, HEAD");
}

void site::expire_sessions(std::string_view cookies) {
  visit_sessions(cookies, [this](std::string_view id) {
    sessions_.expire(id);
    return false;
  });
}

void site::reset_sessions() { sessions_.reset(); }

std::uint64_t site::sessions_started() const { return sessions_.started(); }

site_response site::start_session() {
  site_response response = html(start_page());
  const session_store::session started = sessions_.start();
  response.set_cookie = fmt::format("{}={}; Path=/; HttpOnly", cookie_name, started.id);
  response.step = started_session{started.ordinal};
  response.session_ordinal = started.ordinal;
  return response;
}

site_response site::search(const site_request& request) {
  std::optional<std::uint64_t> session;
  visit_sessions(request.cookie,
                 [&](std::string_view id) { return (session = sessions_.ordinal_of(id)).has_value(); });
  if (!session) {
    return refusal(403, "no live session: GET /m/ first and send its JSESSIONID cookie back");
  }
  if (!is_form_type(request.content_type)) {
    return refusal(400, "the form's content type is not application/x-www-form-urlencoded");
  }
  auto parsed = read_search_form(request.body);
  if (!parsed) return refusal(400, std::move(parsed).error());
  site_response response = html(results_page(*parsed, page_kb_));
  response.step = *std::move(parsed);
  response.session_ordinal = session;
  return response;
}

site_response site::page(std::uint32_t number) const {
  site_response response = text_response(200, page_body(number, page_kb_));
  response.step = numbered_page{number};
  return response;
}

}  // namespace farebench
