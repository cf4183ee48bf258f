#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "mock_server/faults/fault_kind.hpp"

namespace farebench {

/// How often each fault is, in millionths of the exchanges that it applies to; at most 1,000,000 together. A
/// value.
class fault_rates {
 public:
  static constexpr std::uint32_t whole = 1'000'000;

  std::uint32_t of(fault_kind kind) const { return millionths_[static_cast<std::size_t>(kind)]; }
  void set(fault_kind kind, std::uint32_t millionths) {
    millionths_[static_cast<std::size_t>(kind)] = millionths;
  }
  std::uint64_t sum() const {
    std::uint64_t all = 0;
    for (const std::uint32_t one : millionths_) all += one;
    return all;
  }

  bool operator==(const fault_rates&) const = default;

 private:
  std::array<std::uint32_t, fault_table.size()> millionths_{};
};

}  // namespace farebench
