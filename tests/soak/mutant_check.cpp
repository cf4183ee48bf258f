#include "tests/soak/mutant_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "tests/mutants/wrong/dropped_outcome.hpp"
#include "tests/mutants/wrong/hand_written_client.hpp"
#include "tests/mutants/wrong/repeated_outcome.hpp"
#include "tests/mutants/wrong/untold_attempt.hpp"
#include "tests/soak/soak_case.hpp"

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
