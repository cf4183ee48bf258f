#pragma once

#include <chrono>

#include "farebench/fare.hpp"

namespace farebench {

/// The query of the article's route that many days after 2026-01-01.
inline query query_on_day(int day) {
  using namespace std::chrono;
  return {"ID10202003", "ID10202002", sys_days{2026y / January / 1} + days{day}};
}

}  // namespace farebench
