#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "mock_server/latency/latency_model.hpp"

namespace farebench {

/// No response may be asked to take longer: a client gives a request up after 30 s, and a late server must
/// not turn a measurement into errors.
inline constexpr std::chrono::seconds longest_latency{10};

/// Why a batch of so many days cannot be measured with a latency, in one line, or nothing. Of a log-normal
/// the tail counts too, and not by chance: what the server will draw with that seed is known. Pure.
std::string complaint_about_length(const latency_model& latency, std::uint64_t seed, std::size_t days);

}  // namespace farebench
