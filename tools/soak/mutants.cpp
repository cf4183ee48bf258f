#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "farebench/date.hpp"
#include "farebench/event_loop.hpp"
#include "farebench/fare_scanner.hpp"
#include "farebench/strategy.hpp"
#include "tools/soak/campaign.hpp"
#include "tools/soak/soak_case.hpp"

namespace farebench::mutants {

/// A strategy around another, which a mutant derives from: it changes what goes through the public seams and
/// leaves the library as it is.
class decorated_strategy : public strategy {
 public:
  explicit decorated_strategy(std::unique_ptr<strategy> inner) : inner_{std::move(inner)} {}

 protected:
  strategy& inner() { return *inner_; }

 private:
  std::unique_ptr<strategy> inner_;
};

/// A client that loses a query: the outcome of the third never reaches its sink.
class dropped_outcome final : public decorated_strategy {
 public:
  using decorated_strategy::decorated_strategy;

  void run(const batch& work, const outcome_sink& sink) override {
    inner().run(work, [&](std::size_t index, outcome&& result) {
      if (index != 2) sink(index, std::move(result));
    });
  }
};

/// A client that tells of a query twice: of the third.
class repeated_outcome final : public decorated_strategy {
 public:
  using decorated_strategy::decorated_strategy;

  void run(const batch& work, const outcome_sink& sink) override {
    inner().run(work, [&](std::size_t index, outcome&& result) {
      if (index == 2) sink(index, outcome{result});
      sink(index, std::move(result));
    });
  }
};

/// A client that asks the site more often than it says: its observer is never told of a repeat.
class untold_attempt final : public decorated_strategy {
 public:
  using decorated_strategy::decorated_strategy;

  void run(const batch& work, const outcome_sink& sink) override {
    batch changed = work;
    changed.on_retry = {};
    inner().run(changed, sink);
  }
};

/// A scraper as somebody might write it of the library's public parts alone: one day after the other, one
/// attempt at each. Right as it stands; two mutants change what it does of its own.
class hand_written_client : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override;

 protected:
  /// The Cookie header of a search whose own start page gave `own`.
  virtual std::string session_of(const std::string& own) { return own; }
  /// The fares of a whole results page.
  virtual outcome read(const std::string& page);

 private:
  outcome scrape(event_loop& loop, loop_client& client, const batch& work, std::size_t index);
};

/// One that searches in the session of the day before.
class stale_session final : public hand_written_client {
  std::string session_of(const std::string& own) override;

  std::string last_;
};

/// One that knows better than to refuse a page for a price that it cannot read: it guesses.
class guessed_price final : public hand_written_client {
  outcome read(const std::string& page) override;
};

namespace {

/// Runs the loop for one exchange.
exchange_result await(event_loop& loop, loop_client& client, exchange_request request, scrape_step step) {
  exchange_result answer = std::unexpected(fetch_error{fetch_error_kind::cancelled, {}});
  loop.start(client, std::move(request), [&](exchange_result done) { answer = std::move(done); });
  loop.run();
  if (answer && answer->status != 200) {
    answer = std::unexpected(fetch_error{fetch_error_kind::unexpected_status, {}, answer->status});
  }
  if (!answer) answer.error().step = step;
  return answer;
}

std::string form_of(const query& asked) {
  return "fromStation=" + asked.from + "&toStation=" + asked.to +
         "&departure=" + format_form_date(asked.date);
}

}  // namespace

void hand_written_client::run(const batch& work, const outcome_sink& sink) {
  event_loop loop{1};
  loop_client client{loop, work.policy.exchange};
  for (std::size_t index = 0; index < work.size; ++index) sink(index, scrape(loop, client, work, index));
}

outcome hand_written_client::scrape(event_loop& loop, loop_client& client, const batch& work,
                                    std::size_t index) {
  const query asked = work.query_at(index);
  const std::string tag = "X-Scrape: " + format_iso_date(asked.date) + "/1";
  exchange_request start{work.base_url + "/m/"};
  start.header = tag;
  auto started = await(loop, client, std::move(start), scrape_step::start_page);
  if (!started) return std::unexpected(std::move(started).error());
  if (started->set_cookies.empty()) return std::unexpected(fetch_error{fetch_error_kind::no_session, {}});
  const std::string& cookie = started->set_cookies.front();

  std::string page;
  exchange_request search{work.base_url + "/m/?0-1.IFormSubmitListener-searchForm-form", form_of(asked),
                          session_of(cookie.substr(0, cookie.find(';'))),
                          [&](std::string_view piece) { page += piece; }};
  search.header = tag;
  auto found = await(loop, client, std::move(search), scrape_step::search);
  if (!found) return std::unexpected(std::move(found).error());
  auto fares = read(page);
  if (!fares) fares.error().step = scrape_step::search;
  return fares;
}

outcome hand_written_client::read(const std::string& page) {
  fare_scanner scanner;
  scanner.feed(page);
  return scanner.finish();
}

std::string stale_session::session_of(const std::string& own) {
  const std::string before = std::exchange(last_, own);
  return before.empty() ? own : before;
}

outcome guessed_price::read(const std::string& page) {
  auto fares = hand_written_client::read(page);
  constexpr std::string_view complaint = "price: read \"";
  if (fares || fares.error().detail.find(complaint) == std::string::npos) return fares;
  const std::string& detail = fares.error().detail;
  const auto begin = detail.find(complaint) + complaint.size();
  const std::string misread = detail.substr(begin, detail.find('"', begin) - begin);
  const auto at = page.find(misread);
  if (at == std::string::npos) return fares;  // spelled otherwise on the page
  std::string better = page;
  return hand_written_client::read(better.replace(at, misread.size(), "99"));
}

}  // namespace farebench::mutants

namespace farebench::soak {
namespace {

struct suspect {
  const char* name;
  const char* runs_as;  ///< what the oracle takes it for: `sequential` makes one scrape at a time
  const char* scenario;
  std::optional<law> breaks;  ///< nothing: the control
  std::unique_ptr<strategy> (*make)();
};

template <typename Mutant>
std::unique_ptr<strategy> decorated() {
  return std::make_unique<Mutant>(make_strategy("coroutines"));
}

template <typename Client>
std::unique_ptr<strategy> written() {
  return std::make_unique<Client>();
}

using namespace mutants;

// The hand-written ones make one attempt: they go where no failure is worth another.
constexpr std::array suspects{
    suspect{"dropped_outcome", "coroutines", "mix", law::none_lost, &decorated<dropped_outcome>},
    suspect{"repeated_outcome", "coroutines", "mix", law::none_twice, &decorated<repeated_outcome>},
    suspect{"untold_attempt", "coroutines", "status_503", law::agrees_with_log, &decorated<untold_attempt>},
    suspect{"hand_written_client", "sequential", "price_not_a_number", std::nullopt,
            &written<hand_written_client>},
    suspect{"stale_session", "sequential", "price_not_a_number", law::own_session, &written<stale_session>},
    suspect{"guessed_price", "sequential", "price_not_a_number", law::right_fares, &written<guessed_price>},
};

class keeping_listener final : public case_listener {
 public:
  void begin(std::string_view) override {}
  void end(std::size_t) override {}
  void broken(std::string_view, const breach& what) override { found.push_back(what); }

  breaches found;
};

}  // namespace

bool check_mutants(const std::function<void(const std::string& line)>& say) {
  bool is_well = true;
  for (const auto& one : suspects) {
    keeping_listener listener;
    const std::vector<std::string> names{one.runs_as};
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      run_case(
          {find_scenario(one.scenario), seed}, names, [&](std::string_view) { return one.make(); }, listener);
    }
    const auto& found = listener.found;
    const auto meant = std::ranges::find(found, one.breaks, &breach::broken);
    const bool is_right = one.breaks ? meant != found.end() : found.empty();
    is_well = is_well && is_right;
    const auto shown = meant != found.end() ? meant : found.begin();
    say(fmt::format("{:<20} {}{}{}", one.name, is_right ? "" : "NOT ", one.breaks ? "caught" : "clean",
                    found.empty() ? "" : fmt::format(": {}: {}", name_of(shown->broken), shown->detail)));
  }
  return is_well;
}

}  // namespace farebench::soak
