#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>

#include "mock_server/mock_server_process.hpp"

namespace farebench::test {

inline constexpr std::size_t page_kb = 3;

/// Starts a mock server process that injects no faults.
inline mock_server_process start_site(std::chrono::microseconds latency = std::chrono::milliseconds{2}) {
  return mock_server_process{{.latency = latency,
                              .page_kb = page_kb,
                              .executable = std::filesystem::path{FAREBENCH_BIN_DIR} / "mock_server"}};
}

}  // namespace farebench::test
