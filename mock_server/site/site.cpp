#include "mock_server/site/site.hpp"

#include <algorithm>

#include "mock_server/site/page_parts.hpp"
#include "mock_server/site/page_size.hpp"
#include "mock_server/site/results_page.hpp"
#include "mock_server/site/search_form.hpp"

namespace farebench {
namespace {

constexpr std::string_view cookie_name = "JSESSIONID";
constexpr std::string_view html_type = "text/html; charset=utf-8";
constexpr std::string_view text_type = "text/plain; charset=utf-8";

site_response refusal(int status, std::string reason, std::string_view allow = {}) {
  site_response response;
  response.status = status;
  response.content_type = text_type;
  response.allow = allow;
  response.body = std::move(reason) + "\n";
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

// Calls visit(id) for each session that the Cookie header names, until one returns true; whether one did.
template <typename Visit>
bool any_session(std::string_view cookies, Visit visit) {
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    const std::string_view pair = trimmed(cookies.substr(0, end));
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != cookie_name) continue;
    if (visit(pair.substr(equals + 1))) return true;
  }
  return false;
}

}  // namespace

site::site(std::size_t page_kb) : page_kb_(page_kb) { check_page_kb(page_kb); }

site_response site::answer(const site_request& request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (request.target == search_target) {
    if (request.method == "POST") return search(request);
    return refusal(405, "the search form is sent with POST", "POST");
  }
  if (request.target.substr(0, request.target.find('?')) != start_target) {
    return refusal(404, "no such page");
  }
  if (reads) return start_page();
  if (request.method == "POST" && request.target != start_target) return refusal(404, "no such form");
  return refusal(405, "the start page is read with GET", "GET, HEAD");
}

void site::forget_sessions(std::string_view cookies) {
  any_session(cookies, [this](std::string_view id) {
    sessions_.forget(id);
    return false;
  });
}

std::uint64_t site::sessions_started() const { return sessions_.started(); }

site_response site::start_page() {
  std::string page;
  append_page_head(page, "Jízdenky");
  append_search_form(page, {}, {}, {});
  page += page_end;
  site_response response = html(std::move(page));
  const session_store::session started = sessions_.start();
  response.set_cookie = std::string{cookie_name} + "=" + started.id + "; Path=/; HttpOnly";
  response.done = started_session{started.ordinal};
  response.session = started.ordinal;
  return response;
}

site_response site::search(const site_request& request) {
  std::optional<std::uint64_t> session;
  any_session(request.cookie,
              [&](std::string_view id) { return (session = sessions_.ordinal_of(id)).has_value(); });
  if (!session) {
    return refusal(403, "no live session: GET /m/ first and send its JSESSIONID cookie back");
  }
  if (!is_form_type(request.content_type)) {
    return refusal(400, "the form's content type is not application/x-www-form-urlencoded");
  }
  auto asked = read_search_form(request.body);
  if (!asked) return refusal(400, std::move(asked).error());
  site_response response = html(results_page(*asked, page_kb_));
  response.done = *std::move(asked);
  response.session = session;
  return response;
}

}  // namespace farebench
