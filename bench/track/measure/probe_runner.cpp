#include "bench/track/measure/probe_runner.hpp"

#include <map>
#include <memory>
#include <utility>

#include "bench/columns.hpp"
#include "bench/fixture.hpp"
#include "bench/judge.hpp"
#include "bench/report/one_line.hpp"
#include "bench/track/judge/metric.hpp"
#include "lib/system/child_process.hpp"

namespace farebench::track {
namespace {

class probe_pair {
 public:
  probe_pair(const harness& with, const std::filesystem::path& base, const std::filesystem::path& head)
      : base_{.mock_server = with.mock_server, .fetch_probe = base, .heap_count = with.heap_count},
        head_{.mock_server = with.mock_server, .fetch_probe = head, .heap_count = with.heap_count},
        sample_every_{with.sample_every} {}

  run_result time(side of, const benchmark_case& row) {
    try {
      const auto seen = measure(of == side::base ? base_ : head_, row, sample_every_);
      const auto wrong = judge(row, seen, fares_of(row), strictness::correctness_only);
      const auto judged = wrong.failed() ? wrong : judge(row, seen, fares_of(row), strictness::full);
      return {.figures = timed_figures(row, seen), .failure = judged.failure, .is_wrong = wrong.failed()};
    } catch (const std::exception& fault) {
      return {.figures = {}, .failure = one_line(fault.what()), .is_wrong = true};
    }
  }

  run_result count(side of, const benchmark_case& row) const {
    try {
      return {.figures = counted_figures(farebench::count(of == side::base ? base_ : head_, row))};
    } catch (const std::exception& fault) {
      return {.figures = {}, .failure = one_line(fault.what()), .is_wrong = true};
    }
  }

 private:
  const expected_fares& fares_of(const benchmark_case& row) {
    const auto key = std::pair{row.days, row.page_kb};
    const auto found = fares_.find(key);
    return found != fares_.end() ? found->second : fares_.emplace(key, fares_of_site(row)).first->second;
  }

  programs base_;
  programs head_;
  std::chrono::nanoseconds sample_every_;
  std::map<std::pair<std::size_t, std::size_t>, expected_fares> fares_;  // by days and page size
};

}  // namespace

harness harness::beside_this_program() {
  return {.mock_server = sibling_path("mock_server"), .heap_count = sibling_path("libheap_count.so")};
}

runner run_probes(const harness& with, const std::filesystem::path& base, const std::filesystem::path& head) {
  const auto both = std::make_shared<probe_pair>(with, base, head);
  return {.timed = [both](side of, const benchmark_case& row) { return both->time(of, row); },
          .counted = [both](side of, const benchmark_case& row) { return both->count(of, row); }};
}

std::map<std::string, double> timed_figures(const benchmark_case& row, const measurement& seen) {
  auto all = columns(row, seen, std::nullopt);
  all["real_time"] = seen.report.wall_ms;
  std::map<std::string, double> figures;
  for (const auto& one : metrics()) {
    // No ratio can be made of nothing: growth of no page at all, say.
    if (const auto found = all.find(std::string{one.name});
        !one.is_exact() && found != all.end() && found->second > 0)
      figures.insert(*found);
  }
  return figures;
}

std::map<std::string, double> counted_figures(const counted_run& seen) {
  std::map<std::string, double> figures;
  if (seen.heap_peak_bytes) figures["heap_peak_bytes"] = static_cast<double>(*seen.heap_peak_bytes);
  if (seen.allocations && seen.requests > 0)
    figures["allocations_per_request"] =
        static_cast<double>(*seen.allocations) / static_cast<double>(seen.requests);
  return figures;
}

}  // namespace farebench::track
