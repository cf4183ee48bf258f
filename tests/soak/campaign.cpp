#include "tests/soak/campaign.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "tests/soak/case_protocol.hpp"
#include "tests/soak/log_tail.hpp"
#include "tests/soak/worker_process.hpp"

namespace farebench::soak {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// How long one run may take before it is hung: far longer than the law of its length allows, which the
/// oracle holds it to.
milliseconds patience(const soak_case& at) {
  const auto plan = plan_of(*at.how, at.seed);
  return plan.policy.scrape_deadline * static_cast<milliseconds::rep>(plan.days) + 20s;
}

/// A process that works on cases, and what it is at.
struct bench_place {
  worker_process worker;
  std::size_t case_index = 0;
  std::size_t strategy_index = 0;  ///< that it has begun last
  clock::time_point give_up{};
  std::string last_words = {};  ///< of a process that ends
};

class campaign_run {
 public:
  campaign_run(const campaign& what, const campaign_listener& listener) : what_{what}, listener_{listener} {}

  tally run(const std::function<bool()>& is_over) {
    for (std::size_t i = 0; i < std::min(what_.jobs, what_.cases.size()); ++i) {
      places_.emplace_back(make_place());
      give_next(places_.back());
    }
    for (auto told = clock::now(); left() && !is_over();) {
      wait();
      if (clock::now() - told < 500ms) continue;
      told = clock::now();
      listener_.on_progress(all_);
    }
    for (auto& place : places_) end(place);
    return all_;
  }

 private:
  bench_place make_place() {
    return {.worker = worker_process{[this](const std::string& line, const auto& say) {
              work_on(line, what_.cases, what_.strategies, say);
            }}};
  }

  /// Ends its process, and clears up behind it.
  static void end(std::optional<bench_place>& place) {
    if (!place) return;
    const pid_t process = place->worker.pid();
    place->worker.kill();
    place.reset();
    std::error_code ignored;
    std::filesystem::remove(log_tail::path_of(process), ignored);
  }

  bool left() const {
    return std::ranges::any_of(places_, [](const auto& place) { return place.has_value(); });
  }

  /// The next case, or none: then the place is given up.
  void give_next(std::optional<bench_place>& place) {
    if (next_ == what_.cases.size()) return place.reset();
    place->case_index = next_++;
    give(*place, 0);
  }
  void give(bench_place& place, std::size_t first_strategy) {
    place.strategy_index = first_strategy;
    place.worker.give(job_text({place.case_index, first_strategy}));
    watch(place);
  }
  void watch(bench_place& place) { place.give_up = clock::now() + patience(what_.cases[place.case_index]); }

  void wait() {
    std::vector<pollfd> ends;
    std::vector<std::size_t> of;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (!places_[i]) continue;
      ends.push_back({places_[i]->worker.descriptor(), POLLIN, 0});
      of.push_back(i);
    }
    constexpr auto look_every = 200ms;
    const auto begin = clock::now();
    ::poll(ends.data(), ends.size(), static_cast<int>(look_every.count()));
    // Where this process stood still, the others may have too.
    const auto stall = clock::now() - begin - look_every;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      auto& place = places_[of[i]];
      if (stall > 1s) place->give_up += stall;
      if (ends[i].revents != 0) {
        read(place);
      } else if (clock::now() > place->give_up) {
        replace(place, {law::none_hung, fmt::format("did not end within {} s",
                                                    patience(what_.cases[place->case_index]) / 1s)});
      }
    }
  }

  void read(std::optional<bench_place>& place) {
    for (const auto& line : place->worker.read_lines()) {
      const auto said = read_case_line(line);
      switch (said.what) {
        case case_line::kind::begun:
          place->strategy_index = index_of(said.strategy);
          watch(*place);
          break;
        case case_line::kind::ended:
          ++all_.runs;
          all_.outcomes += said.outcomes;
          break;
        case case_line::kind::broken:
          tell(*place, said.strategy, said.found);
          break;
        case case_line::kind::done:
          give_next(place);
          if (!place) return;
          break;
        case case_line::kind::failed:
          place->last_words = ": " + said.found.detail;
          break;
      }
    }
    if (place->worker.has_ended()) replace(place, {law::ends_well, "its process ended" + place->last_words});
  }

  /// Another process goes on behind the strategy that the place's was at.
  void replace(std::optional<bench_place>& place, const breach& why) {
    const std::size_t case_index = place->case_index;
    const std::size_t strategy_index = place->strategy_index;
    ++all_.runs;
    tell(*place, what_.strategies[strategy_index], why);
    end(place);
    place.emplace(make_place());
    place->case_index = case_index;
    if (strategy_index + 1 < what_.strategies.size()) return give(*place, strategy_index + 1);
    give_next(place);
  }

  void tell(const bench_place& place, std::string_view strategy, const breach& what) {
    all_.count(what.broken);
    listener_.on_breach(what_.cases[place.case_index], strategy, what);
  }

  std::size_t index_of(std::string_view strategy) const {
    const auto at = std::ranges::find(what_.strategies, strategy);
    return static_cast<std::size_t>(at - what_.strategies.begin());
  }

  const campaign& what_;
  const campaign_listener& listener_;
  std::vector<std::optional<bench_place>> places_;
  std::size_t next_ = 0;
  tally all_;
};

}  // namespace

tally run_campaign(const campaign& what, const campaign_listener& listener,
                   const std::function<bool()>& is_over) {
  return campaign_run{what, listener}.run(is_over);
}

}  // namespace farebench::soak
