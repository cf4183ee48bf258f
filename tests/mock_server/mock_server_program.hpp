#pragma once

#include <chrono>
#include <filesystem>

namespace farebench {

inline const std::filesystem::path program = std::filesystem::path{FAREBENCH_BIN_DIR} / "mock_server";

/// Longer than any program takes to do what a test waits for.
inline constexpr std::chrono::seconds plenty{20};

}  // namespace farebench
