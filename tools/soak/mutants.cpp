#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "farebench/date.hpp"
#include "farebench/event_loop.hpp"
#include "farebench/fare_scanner.hpp"
#include "farebench/libcurl.hpp"
#include "farebench/site_protocol.hpp"
#include "farebench/strategy.hpp"
#include "mock_server/site/results_page.hpp"
#include "tools/soak/campaign.hpp"
#include "tools/soak/oracle.hpp"
#include "tools/soak/soak_case.hpp"

namespace farebench::soak {
namespace {

// Mutants of the library's own strategy.

void drop_outcome(const batch& work, const outcome_sink& sink) {
  make_strategy("coroutines", libcurl_transport())->run(work, [&](std::size_t index, outcome&& result) {
    if (index != 2) sink(index, std::move(result));
  });
}

void duplicate_outcome(const batch& work, const outcome_sink& sink) {
  make_strategy("coroutines", libcurl_transport())->run(work, [&](std::size_t index, outcome&& result) {
    if (index == 2) sink(index, outcome{result});
    sink(index, std::move(result));
  });
}

void hide_retries(const batch& work, const outcome_sink& sink) {
  batch changed = work;
  changed.on_retry = {};
  make_strategy("coroutines", libcurl_transport())->run(changed, sink);
}

// Mutants of a client written with the public parts of the library.

outcome scan(const std::string& page) {
  fare_scanner scanner;
  scanner.feed(page);
  return scanner.finish();
}

/// Reads a page. If it has an invalid price, guesses all prices.
outcome scan_with_guessed_prices(const std::string& page) {
  auto fares = scan(page);
  if (fares) return fares;
  std::string changed = page;
  for (const row_place& place : find_bus_rows(page) | std::views::reverse) {
    const auto [begin, end] = place.words[4];
    changed.replace(begin, end - begin, "99");
  }
  return scan(changed);
}

/// Runs the days one after the other, with one attempt each. Correct as it stands; mutants replace a member.
struct hand_written_client {
  /// Returns the cookies of a search, given those of its own start page.
  std::function<cookie_jar(const cookie_jar& cookies)> choose_session = [](const auto& cookies) {
    return cookies;
  };
  std::function<outcome(const std::string& page)> read_page = scan;

  void run(const batch& work, const outcome_sink& sink) const {
    event_loop loop{libcurl_transport(), 1};
    loop_client client{loop, work.policy.exchange};
    for (std::size_t index = 0; index < work.size; ++index)
      sink(index, scrape(loop, client, work, work.query_at(index)));
  }

 private:
  outcome scrape(event_loop& loop, loop_client& client, const batch& work, const query& day) const {
    const std::string tag = "X-Scrape: " + format_iso_date(day.date) + "/1";
    exchange_request start{work.base_url + std::string{start_page_path}};
    start.headers = {tag};
    const auto started = exchange(loop, client, std::move(start), scrape_step::start_page);
    if (!started) return std::unexpected(started.error());
    const std::string search_url = work.base_url + std::string{search_path};
    if (started->cookies.find(session_cookie_name, search_url).empty())
      return std::unexpected(fetch_error{fetch_error_kind::no_session, {}});

    std::string page;
    exchange_request search{search_url, search_form_body(day).value(), choose_session(started->cookies),
                            [&](std::string_view chunk) { page += chunk; }};
    search.headers = {tag};
    const auto found = exchange(loop, client, std::move(search), scrape_step::search);
    if (!found) return std::unexpected(found.error());
    auto fares = read_page(page);
    if (!fares) fares.error().step = scrape_step::search;
    return fares;
  }

  /// Runs the loop until the exchange is complete. Any status but 200 is an error.
  static exchange_result exchange(event_loop& loop, loop_client& client, exchange_request request,
                                  scrape_step step) {
    exchange_result result = std::unexpected(fetch_error{fetch_error_kind::cancelled, {}});
    loop.start(client, std::move(request), [&](exchange_result response) { result = std::move(response); });
    loop.run();
    if (result && result->status != 200) {
      result = std::unexpected(fetch_error{fetch_error_kind::unexpected_status, {}, result->status});
    }
    if (!result) result.error().step = step;
    return result;
  }
};

void run_hand_written(const batch& work, const outcome_sink& sink) { hand_written_client{}.run(work, sink); }

/// Searches in the session of the day before.
void run_with_stale_session(const batch& work, const outcome_sink& sink) {
  hand_written_client client;
  client.choose_session = [last = cookie_jar{}](const cookie_jar& cookies) mutable {
    const cookie_jar before = std::exchange(last, cookies);
    return before.empty() ? cookies : before;
  };
  client.run(work, sink);
}

void run_with_guessed_prices(const batch& work, const outcome_sink& sink) {
  hand_written_client client;
  client.read_page = scan_with_guessed_prices;
  client.run(work, sink);
}

using client_function = void (*)(const batch& work, const outcome_sink& sink);

struct mutant {
  const char* name;
  bool uses_workers;
  const char* scenario;
  /// Empty: the control, which violates nothing.
  std::optional<invariant> violates;
  client_function client;
};

// The hand-written clients make one attempt per day, so their scenario has no retryable failure.
constexpr std::array mutants{
    mutant{"dropped_outcome", true, "mix", invariant::no_lost_outcome, &drop_outcome},
    mutant{"duplicated_outcome", true, "mix", invariant::no_duplicate_outcome, &duplicate_outcome},
    mutant{"hidden_retry", true, "status_503", invariant::matches_server_log, &hide_retries},
    mutant{"hand_written_client", false, "price_not_a_number", std::nullopt, &run_hand_written},
    mutant{"stale_session", false, "price_not_a_number", invariant::own_session, &run_with_stale_session},
    mutant{"guessed_price", false, "price_not_a_number", invariant::correct_fares, &run_with_guessed_prices},
};

class mutant_strategy final : public strategy {
 public:
  explicit mutant_strategy(client_function client) : client_{client} {}
  void run(const batch& work, const outcome_sink& sink) override { client_(work, sink); }

 private:
  client_function client_;
};

}  // namespace

bool check_mutants(const std::function<void(const std::string& line)>& print) {
  constexpr std::uint64_t seeds = 4;
  bool all_right = true;
  for (const auto& mutant : mutants) {
    std::vector<violation> found;
    const auto record = [&](const case_report& report) {
      if (report.type == case_report::kind::violation_found) found.push_back(report.found);
    };
    const std::array clients{soak_client{
        .name = mutant.name, .uses_workers = mutant.uses_workers, .create = [client = mutant.client] {
          return std::make_unique<mutant_strategy>(client);
        }}};
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
      run_case({find_scenario(mutant.scenario), seed}, clients, record);
    const auto expected = std::ranges::find(found, mutant.violates, &violation::violated);
    const bool is_right = mutant.violates ? expected != found.end() : found.empty();
    all_right = all_right && is_right;
    std::string detail;
    if (!found.empty()) {
      const violation& printed = expected != found.end() ? *expected : found.front();
      detail = fmt::format(": {}: {}", to_string(printed.violated), printed.detail);
    }
    print(fmt::format("{:<20} {}{}{}", mutant.name, is_right ? "" : "NOT ",
                      mutant.violates ? "caught" : "clean", detail));
  }
  return all_right;
}

}  // namespace farebench::soak
