#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/soak/breach.hpp"
#include "tests/soak/soak_case.hpp"

namespace farebench::soak {

// What a campaign and the processes that work for it say to each other, a line each.

/// A case to be worked on, from one of its strategies on.
struct case_job {
  std::size_t case_index;
  std::size_t first_strategy;
};
std::string job_text(const case_job& job);

/// What comes back.
struct case_line {
  enum class kind { begun, ended, broken, done, failed };
  kind what;
  std::string strategy = {};            ///< of begun and broken
  std::size_t outcomes = 0;             ///< of ended
  breach found = {law::ends_well, {}};  ///< of broken; of failed, its detail alone
};
/// Throws std::runtime_error for what is none.
case_line read_case_line(const std::string& line);

/// Does the job that the line says, and says how it goes.
void work_on(const std::string& line, std::span<const soak_case> cases,
             std::span<const std::string> strategies, const std::function<void(std::string_view)>& say);

}  // namespace farebench::soak
