#include "tools/soak/campaign.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "tools/soak/run_record.hpp"
#include "tools/soak/soak_case.hpp"

namespace farebench::soak {

void tally::count(law broken) {
  switch (broken) {
    case law::none_lost:
      ++lost;
      return;
    case law::none_twice:
      ++duplicated;
      return;
    case law::none_hung:
      ++hung;
      return;
    default:
      ++wrong;
      return;
  }
}

std::string text_of(const tally& all) {
  return fmt::format("{} runs, {} outcomes, {} lost, {} duplicated, {} wrong, {} hung", all.runs,
                     all.outcomes, all.lost, all.duplicated, all.wrong, all.hung);
}

namespace {

/// Says what it is told.
class speaking_listener final : public case_listener {
 public:
  explicit speaking_listener(const std::function<void(std::string_view)>& say) : say_{say} {}

  void begin(std::string_view strategy) override { say_(fmt::format("begun {}", strategy)); }
  void end(std::size_t outcomes) override { say_(fmt::format("ended {}", outcomes)); }
  void broken(std::string_view strategy, const breach& what) override {
    std::string detail = what.detail;
    std::ranges::replace(detail, '\n', ' ');
    say_(fmt::format("broken {} {} {}", strategy, static_cast<int>(what.broken), detail));
  }

 private:
  const std::function<void(std::string_view)>& say_;
};

}  // namespace

std::string job_text(const case_job& job) { return fmt::format("{} {}", job.case_index, job.first_strategy); }

case_line read_case_line(const std::string& line) {
  std::istringstream words{line};
  std::string what;
  words >> what;
  case_line read{.what = case_line::kind::done};
  const auto rest = [&] {
    std::string text;
    std::getline(words >> std::ws, text);
    return text;
  };
  if (what == "begun") {
    read.what = case_line::kind::begun;
    words >> read.strategy;
  } else if (what == "ended") {
    read.what = case_line::kind::ended;
    words >> read.outcomes;
  } else if (what == "broken") {
    int number = 0;
    words >> read.strategy >> number;
    read.what = case_line::kind::broken;
    read.found = {static_cast<law>(number), rest()};
  } else if (what == "failed") {
    read.what = case_line::kind::failed;
    read.found.detail = rest();
  } else if (what != "done") {
    throw std::runtime_error{"a soak's process said '" + line + "'"};
  }
  return read;
}

void work_on(const std::string& line, std::span<const soak_case> cases,
             std::span<const std::string> strategies, const std::function<void(std::string_view)>& say) {
  std::istringstream words{line};
  case_job job{};
  words >> job.case_index >> job.first_strategy;
  speaking_listener listener{say};
  const auto chosen = strategies.subspan(job.first_strategy);
  run_case(
      cases[job.case_index], chosen, [](std::string_view name) { return make_strategy(name); }, listener);
  if (const auto crept = creep_of_this_process(); !crept.empty())
    listener.broken(chosen.back(), {law::gives_back, crept});
  say("done");
}

namespace {

std::pair<file_descriptor, file_descriptor> make_pipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error{errno, std::generic_category(), "pipe2"};
  return {file_descriptor{ends[0]}, file_descriptor{ends[1]}};
}

void write_line(int to, std::string_view line) {
  std::string bytes{line};
  bytes += '\n';
  for (std::string_view left = bytes; !left.empty();) {
    const auto count = ::write(to, left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // its reader will see that it is gone
    left.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// Appends what there is; false at the end.
bool read_some(int from, std::string& to) {
  std::array<char, 4096> bytes;
  for (;;) {
    const auto count = ::read(from, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    to.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
  }
}

std::vector<std::string> take_lines(std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    lines.push_back(text.substr(begin, end - begin));
  text.erase(0, begin);
  return lines;
}

[[noreturn]] void work(const worker_process::job& what, int given, int said) {
  const auto say = [said](std::string_view line) { write_line(said, line); };
  int exit_code = 0;
  try {
    for (std::string pending; read_some(given, pending);) {
      for (const auto& line : take_lines(pending)) what(line, say);
    }
  } catch (const std::exception& thrown) {
    say(std::string{"failed "} + thrown.what());
    exit_code = 1;
  }
  std::fflush(nullptr);
  ::_exit(exit_code);
}

}  // namespace

worker_process::worker_process(const job& what) {
  auto [job_reader, job_writer] = make_pipe();
  auto [line_reader, line_writer] = make_pipe();
  const pid_t parent = ::getpid();
  std::fflush(nullptr);
  child_ = ::fork();
  if (child_ < 0) throw std::system_error{errno, std::generic_category(), "fork"};
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    job_writer.reset();
    line_reader.reset();
    work(what, job_reader.get(), line_writer.get());
  }
  given_ = std::move(job_writer);
  said_ = std::move(line_reader);
}

worker_process::worker_process(worker_process&& other) noexcept
    : child_{std::exchange(other.child_, -1)},
      given_{std::move(other.given_)},
      said_{std::move(other.said_)},
      pending_{std::move(other.pending_)},
      has_ended_{other.has_ended_} {}

worker_process::~worker_process() {
  if (child_ > 0) kill();
}

void worker_process::give(std::string_view line) { write_line(given_.get(), line); }

std::vector<std::string> worker_process::read_lines() {
  if (!read_some(said_.get(), pending_)) has_ended_ = true;
  return take_lines(pending_);
}

void worker_process::kill() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  child_ = -1;
}

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
