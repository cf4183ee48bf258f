#include "tests/soak/oracle.hpp"

namespace farebench::soak {

breaches judge(const run_record& run) {
  breaches found;
  if (!run.threw.empty()) found.push_back({law::ends_well, "run threw: " + run.threw});
  judge_outcomes(run, found);
  judge_attempts(run, found);
  judge_log(run, found);
  judge_cost(run, found);
  return found;
}

}  // namespace farebench::soak
