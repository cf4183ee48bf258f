// What the client says against what the server wrote down.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "farebench/date.hpp"
#include "tests/soak/oracle.hpp"
#include "tests/soak/told_scrape.hpp"

namespace farebench::soak {
namespace {

using exchanges = std::vector<const logged_exchange*>;

/// What the server saw of each attempt at each query: [0] the start page, [1] the search. libcurl repeats by
/// itself, once, a request on a kept connection that died before any byte of an answer: so two of each.
struct seen_attempt {
  std::array<exchanges, 2> steps;
};
using seen_attempts = std::map<std::pair<std::size_t, std::size_t>, seen_attempt>;  // by index and number

constexpr std::size_t most_of_one_exchange = 2;

class log_judge {
 public:
  log_judge(const run_record& run, breaches& found) : run_{run}, found_{found}, scrapes_{told_scrapes(run)} {}

  void judge() {
    read_log();
    for (std::size_t index = 0; index < scrapes_.size(); ++index) {
      const std::size_t attempts = scrapes_[index].attempts();
      for (std::size_t number = 1; number <= attempts; ++number) judge_attempt(index, number);
      judge_convergence(index);
    }
    for (const auto& [key, seen] : seen_) judge_seen(key.first, key.second, seen);
  }

 private:
  void say(law broken, std::size_t index, const std::string& what) {
    found_.push_back({broken, day_text(run_, index) + ": " + what});
  }

  void read_log() {
    std::map<std::chrono::sys_days, std::size_t> indices;
    for (std::size_t index = 0; index < run_.asked.size(); ++index)
      indices.emplace(run_.asked[index].date, index);
    for (const auto& one : run_.log) {
      if (one.fault) ++faults_;
      const auto index = one.date ? indices.find(*one.date) : indices.end();
      if (index == indices.end() || one.attempt == 0) {
        found_.push_back({law::agrees_with_log, "the site was asked for what no query is"});
        continue;
      }
      // Neither step: where a redirect led.
      if (one.step == 1 || one.step == 2)
        seen_[{index->second, one.attempt}].steps.at(static_cast<std::size_t>(one.step - 1)).push_back(&one);
    }
  }

  const seen_attempt& seen(std::size_t index, std::size_t number) const {
    static const seen_attempt nothing;
    const auto at = seen_.find({index, number});
    return at == seen_.end() ? nothing : at->second;
  }

  /// An attempt that the client tells of.
  void judge_attempt(std::size_t index, std::size_t number) {
    const fetch_error* const failure = scrapes_[index].failure_of(number);
    const auto& [start, search] = seen(index, number).steps;
    const auto name = fmt::format("attempt {}", number);
    if (failure == nullptr) {
      if (std::ranges::none_of(search, [](const auto* one) { return one->status == 200; }))
        say(law::has_its_answer, index, name + " came home with fares that the site has not sent");
      return;
    }
    const bool got_through =
        run_.site_stayed_up && !run_.faults_spread && failure->kind != fetch_error_kind::out_of_resources;
    if (got_through && start.empty()) say(law::agrees_with_log, index, name + " never reached the site");
    if (got_through && search.empty() && failure->step == scrape_step::search)
      say(law::agrees_with_log, index,
          name + " is said to have failed in its search, which the site never saw");
    if (!search.empty() && failure->step == scrape_step::start_page)
      say(law::agrees_with_log, index,
          name + " is said to have failed before its search, which the site saw");
    if (!has_cause(*failure, start, search))
      say(law::has_a_cause, index, fmt::format("{} failed without a fault: {}", name, describe(*failure)));
  }

  bool has_cause(const fetch_error& failure, const exchanges& start, const exchanges& search) const {
    const auto is_fault = [](const logged_exchange* one) { return one->fault.has_value(); };
    if (std::ranges::any_of(start, is_fault) || std::ranges::any_of(search, is_fault)) return true;
    if (run_.faults_spread && faults_ > 0) return true;
    // A site that went away takes connections and sessions with it.
    return !run_.site_stayed_up &&
           (failure.kind == fetch_error_kind::connect_failed ||
            failure.kind == fetch_error_kind::connection_lost || is_expired_session(failure));
  }

  /// An attempt that the server tells of.
  void judge_seen(std::size_t index, std::size_t number, const seen_attempt& seen) {
    const auto name = fmt::format("attempt {}", number);
    if (scrapes_[index].result() != nullptr && number > scrapes_[index].attempts())
      say(law::agrees_with_log, index,
          fmt::format("the site saw attempt {} of {}", number, scrapes_[index].attempts()));
    for (const auto& step : seen.steps) {
      if (step.size() > most_of_one_exchange)
        say(law::agrees_with_log, index, fmt::format("{} was made {} times", name, step.size()));
    }
    for (const auto* const search : seen.steps[1]) {
      if (!search->session) continue;
      const auto is_same = [&](const auto* start) { return start->session == search->session; };
      if (std::ranges::none_of(seen.steps[0], is_same))
        say(law::own_session, index, name + " searched in a session that it had not begun");
    }
  }

  void judge_convergence(std::size_t index) {
    const outcome* const last = scrapes_[index].result();
    if (last == nullptr || *last || run_.faults_until >= run_.policy.max_attempts) return;
    if (may_pass(last->error()))
      say(law::converges, index, "still failed once the faults had ended: " + describe(last->error()));
  }

  const run_record& run_;
  breaches& found_;
  const std::vector<told_scrape> scrapes_;
  seen_attempts seen_;
  std::size_t faults_ = 0;
};

}  // namespace

void judge_log(const run_record& run, breaches& found) { log_judge{run, found}.judge(); }

}  // namespace farebench::soak
