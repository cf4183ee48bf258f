#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "tests/soak/soak_case.hpp"
#include "tests/soak/tally.hpp"

namespace farebench::soak {

/// Many cases, several at once.
struct campaign {
  std::vector<soak_case> cases;
  std::vector<std::string> strategies;
  std::size_t jobs = 1;  ///< how many processes work on cases
};

/// Is told of a campaign as it goes on, on the calling thread.
struct campaign_listener {
  std::function<void(const soak_case& at, std::string_view strategy, const breach& what)> on_breach;
  std::function<void(const tally& so_far)> on_progress;  ///< about twice a second
};

/// Runs the cases in child processes of its own. One that does not come to an end in thrice its time is hung:
/// it is ended and counted, as one that crashes is, and the strategies behind it have their turn in another
/// process. To be called while the process has one thread. Ends early, with what there is, when `is_over`
/// says so. Throws std::system_error when there is no process to be had.
tally run_campaign(const campaign& what, const campaign_listener& listener,
                   const std::function<bool()>& is_over);

}  // namespace farebench::soak
