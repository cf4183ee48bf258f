#pragma once

#include <filesystem>

#include "mock_server/faults/fault_plan.hpp"

namespace farebench {

/// What an engine is to do wrong, and where to write what it did. A value.
struct fault_settings {
  fault_plan plan = {};
  std::filesystem::path log = {};  ///< empty: nowhere
};

}  // namespace farebench
