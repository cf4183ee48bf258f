#include "bench/track/judge/comparison.hpp"

#include <algorithm>

#include "bench/track/track_error.hpp"

namespace farebench::track {

std::size_t count(const comparison& of, verdict what) {
  return static_cast<std::size_t>(std::ranges::count(of.findings, what, &finding::what));
}

std::size_t count_unaccepted(const comparison& of) {
  return static_cast<std::size_t>(std::ranges::count_if(of.findings, [](const finding& one) {
    return one.what == verdict::regression && one.accepted.empty();
  }));
}

int exit_code_of(const comparison& of, bool strict) {
  if (count_unaccepted(of) > 0) return exit_worse;
  if (strict && count(of, verdict::cannot_tell) > 0) return exit_incomparable;
  return exit_nothing_worse;
}

}  // namespace farebench::track
