#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace farebench::soak {

/// The laws that a run is held to. Closed.
enum class law : std::uint8_t {
  none_lost,              ///< each query has an outcome
  none_twice,             ///< and one only
  none_hung,              ///< the batch ends
  ends_well,              ///< and throws nothing
  right_fares,            ///< a success is what the site sells on that day
  has_its_answer,         ///< a success was answered by the site, in the attempt that it ended with
  own_session,            ///< a search is made in the session that its own attempt began
  counted_attempts,       ///< repeats are told of one by one, and are no more than max_attempts allows
  within_budget,          ///< a batch repeats no more often than its budget allows
  repeats_what_may_pass,  ///< repeats what may pass and nothing else, and gives up no sooner than it must
  agrees_with_log,        ///< client and server tell of the same attempts
  has_a_cause,            ///< a failure was met with a fault
  converges,              ///< once the faults end, what may pass has passed
  in_time,                ///< the batch ends within the deadlines of its scrapes
  gives_back,             ///< descriptors, threads and memory are as before
  same_everywhere,        ///< every strategy comes home with the same
};

std::string_view name_of(law broken);

/// A law broken by a run.
struct breach {
  law broken;
  std::string detail;  ///< one line for people
};

using breaches = std::vector<breach>;

}  // namespace farebench::soak
