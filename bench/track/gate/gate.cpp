#include "bench/track/gate/gate.hpp"

#include <array>

#include "bench/track/commits/probe_store.hpp"
#include "bench/track/compare_commits.hpp"
#include "bench/track/gate/accepted.hpp"
#include "bench/track/track_error.hpp"

namespace farebench::track {

std::string base_of_gate(const repository& sources) {
  const auto head = sources.resolve("HEAD");
  for (const char* line : {"@{upstream}", "origin/main", "main"}) {
    const auto other = sources.find(line);
    if (!other) continue;
    const auto parted = sources.merge_base(head, *other);
    // On that line itself there is only what has not been committed yet.
    if (parted && (*parted != head || sources.is_dirty())) return *parted;
  }
  if (const auto before = sources.find("HEAD~")) return *before;
  sources.resolve("HEAD~");  // says why it is not there: a shallow clone, or the first commit
  throw track_error{"there is no commit to compare with: name one with --against"};
}

comparison run_gate(const std::optional<std::string>& against, const bench_flags& what,
                    const comparing_plan& plan) {
  const auto sources = repository::here();
  const auto accepted = read_accepted(sources.root() / "results" / "accepted.json");
  const auto base = against ? *against : base_of_gate(sources);
  auto made = compare_commits(base, "HEAD", what, plan);
  accept(made, accepted, sources.commits_between(made.base.commit, made.head.commit));
  return made;
}

}  // namespace farebench::track
