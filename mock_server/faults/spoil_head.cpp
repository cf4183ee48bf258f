#include <array>
#include <ctime>

#include "mock_server/faults/spoil_answer.hpp"

namespace farebench {
namespace {

using std::chrono::system_clock;

constexpr std::chrono::seconds retry_after_date{2};
constexpr std::string_view apology = R"(<!DOCTYPE html>
<html lang="cs">
<head><meta charset="utf-8"><title>Omlouváme se</title></head>
<body>
<div class="error"><h1>Omlouváme se</h1><p>Na stránkách právě pracujeme, zkuste to prosím později.</p></div>
</body>
</html>
)";

// IMF-fixdate (RFC 9110, section 5.6.7). Of whole seconds, rounded up: never before `moment`. In the C
// locale, which this program does not leave.
std::string http_date(system_clock::time_point moment) {
  const std::time_t seconds = system_clock::to_time_t(std::chrono::ceil<std::chrono::seconds>(moment));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

void say(site_response& answer, int status) {
  answer.status = status;
  answer.content_type = "text/html; charset=utf-8";
  answer.set_cookie.clear();
  answer.body = apology;
}

void say_later(site_response& answer, int status, std::string retry_after) {
  say(answer, status);
  answer.retry_after = std::move(retry_after);
}

void redirect(site_response& answer, std::string_view location) {
  say(answer, 302);
  answer.location = location;
}

}  // namespace

void spoil_head(fault_kind kind, site_response& answer, random_stream& random, system_clock::time_point now) {
  constexpr std::array flapping{500, 502, 503, 504};
  switch (kind) {
    case fault_kind::status_404:
      return say(answer, 404);
    case fault_kind::status_408:
      return say(answer, 408);
    case fault_kind::status_500:
      return say(answer, 500);
    case fault_kind::status_502:
      return say(answer, 502);
    case fault_kind::status_503:
      return say(answer, 503);
    case fault_kind::status_504:
      return say(answer, 504);
    case fault_kind::flapping_5xx:
      return say(answer, flapping[random.below(flapping.size())]);
    case fault_kind::retry_after_seconds:
      return say_later(answer, 429, "1");
    case fault_kind::retry_after_date:
      return say_later(answer, 429, http_date(now + retry_after_date));
    case fault_kind::retry_after_date_503:
      return say_later(answer, 503, http_date(now + retry_after_date));
    case fault_kind::retry_after_absurd:
      return say_later(answer, 429, "99999999999999999999");
    case fault_kind::retry_after_garbage:
      return say_later(answer, 429, "soon");
    case fault_kind::redirect_loop:
      return redirect(answer, redirect_target);
    case fault_kind::redirect_to_file:
      return redirect(answer, "file:///etc/passwd");
    case fault_kind::redirect_to_nowhere:
      return redirect(answer, "");
    case fault_kind::no_cookie:
      answer.set_cookie.clear();
      return;
    case fault_kind::foreign_cookie:
      answer.set_cookie += "; Domain=example.org";
      return;
    case fault_kind::error_page:
      return say(answer, 200);
    default:
      return;
  }
}

}  // namespace farebench
