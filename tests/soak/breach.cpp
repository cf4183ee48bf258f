#include "tests/soak/breach.hpp"

namespace farebench::soak {

std::string_view name_of(law broken) {
  switch (broken) {
    case law::none_lost:
      return "none_lost";
    case law::none_twice:
      return "none_twice";
    case law::none_hung:
      return "none_hung";
    case law::ends_well:
      return "ends_well";
    case law::right_fares:
      return "right_fares";
    case law::has_its_answer:
      return "has_its_answer";
    case law::own_session:
      return "own_session";
    case law::counted_attempts:
      return "counted_attempts";
    case law::within_budget:
      return "within_budget";
    case law::repeats_what_may_pass:
      return "repeats_what_may_pass";
    case law::agrees_with_log:
      return "agrees_with_log";
    case law::has_a_cause:
      return "has_a_cause";
    case law::converges:
      return "converges";
    case law::in_time:
      return "in_time";
    case law::gives_back:
      return "gives_back";
    case law::same_everywhere:
      return "same_everywhere";
  }
  return "unknown";
}

}  // namespace farebench::soak
