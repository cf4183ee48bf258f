#include "bench/output/rows.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace farebench {

void row_ledger::record(const std::string& benchmark_name, row_verdict verdict) {
  ++rows_;
  if (verdict.failed()) ++failed_rows_;
  verdicts_[benchmark_name].push_back(std::move(verdict));
}

const row_verdict& row_ledger::verdict(const std::string& benchmark_name, std::int64_t repetition) const {
  if (repetition < 0 || static_cast<std::size_t>(repetition) >= repetitions(benchmark_name))
    throw std::logic_error(
        fmt::format("no verdict was recorded for repetition {} of '{}'", repetition, benchmark_name));
  return verdicts_.at(benchmark_name)[static_cast<std::size_t>(repetition)];
}

std::size_t row_ledger::repetitions(const std::string& benchmark_name) const {
  const auto found = verdicts_.find(benchmark_name);
  return found == verdicts_.end() ? 0 : found->second.size();
}

std::size_t row_ledger::failures(const std::string& benchmark_name) const {
  const auto found = verdicts_.find(benchmark_name);
  if (found == verdicts_.end()) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(found->second, &row_verdict::failed));
}

std::size_t row_ledger::warnings(const std::string& benchmark_name) const {
  const auto found = verdicts_.find(benchmark_name);
  if (found == verdicts_.end()) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(
      found->second, [](const row_verdict& verdict) { return !verdict.warning.empty(); }));
}

}  // namespace farebench
