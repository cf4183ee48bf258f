#include "bench/benchmark_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "bench/peers/peers.hpp"
#include "farebench/strategy.hpp"

namespace farebench {
namespace {

/// "20"; "uniform_10-30/seed:0"; "lognormal_20_p99_80/seed:0".
std::string latency_in_name(const latency_model& latency, std::uint64_t seed) {
  const auto in_ms = [](std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::milli>{time}.count();
  };
  switch (latency.kind()) {
    case latency_model::shape::uniform:
      return fmt::format("uniform_{}-{}/seed:{}", in_ms(latency.first()), in_ms(latency.second()), seed);
    case latency_model::shape::lognormal:
      return fmt::format("lognormal_{}_p99_{}/seed:{}", in_ms(latency.first()), in_ms(latency.second()),
                         seed);
    case latency_model::shape::fixed:
      break;
  }
  return fmt::format("{}", in_ms(latency.first()));
}

bool has_event_loops(std::string_view strategy) {
  const strategy_info* const info = find_strategy(strategy);
  return info != nullptr && info->uses_loops;
}

}  // namespace

std::string_view to_string(point_kind kind) {
  switch (kind) {
    case point_kind::plain:
      return {};
    case point_kind::burst:
      return "burst";
    case point_kind::hold:
      return "hold";
  }
  return {};
}

std::string benchmark_case::name() const {
  const auto on_loops = loops == 1 ? std::string{} : fmt::format("/loops:{}", loops);
  return fmt::format("fetch/strategy:{}{}/{}", strategy, on_loops, point());
}

std::string benchmark_case::label() const {
  return loops == 1 ? strategy : fmt::format("{}, {} loops", strategy, loops);
}

std::string benchmark_case::point() const {
  auto text = fmt::format("workers:{}/latency_ms:{}/page_kb:{}/days:{}", workers,
                          latency_in_name(latency, seed), page_kb, days);
  if (engine != engine_kind::cpp_httplib) text += fmt::format("/engine:{}", to_string(engine));
  return text;
}

std::size_t benchmark_case::active_workers() const { return std::min(workers, days); }

std::size_t benchmark_case::connections() const { return is_peer(strategy) ? days : active_workers(); }

bool has_one_worker(std::string_view strategy) {
  const strategy_info* const info = find_strategy(strategy);
  return info != nullptr ? !info->uses_workers : strategy == sequential_peer;
}

std::vector<benchmark_case> cases_of(const workload& what) {
  std::vector<benchmark_case> cases;
  for (const auto& point : what.points) {
    for (const std::string& strategy : what.strategies) {
      const auto worker_counts = has_one_worker(strategy) ? std::vector<std::size_t>{1} : what.workers;
      const auto loop_counts = has_event_loops(strategy) ? what.loops : std::vector<std::size_t>{1};
      for (const std::size_t loops : loop_counts) {
        for (const std::size_t workers : worker_counts) {
          for (const engine_kind engine : what.engines) {
            cases.push_back({.strategy = strategy,
                             .workers = workers,
                             .latency = point.latency,
                             .page_kb = what.page_kb,
                             .days = what.days.value_or(workers),
                             .engine = engine,
                             .kind = point.kind,
                             .seed = what.seed,
                             .loops = loops});
          }
        }
      }
    }
  }
  return cases;
}

}  // namespace farebench
