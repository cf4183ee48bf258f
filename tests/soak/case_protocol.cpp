#include "tests/soak/case_protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "tests/soak/creep.hpp"

namespace farebench::soak {
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

}  // namespace farebench::soak
