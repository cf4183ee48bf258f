#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "mock_server/latency/latency_model.hpp"

namespace farebench {

/// "20ms" (always), "uniform:10ms-30ms" (least and most), "lognormal:20ms,p99=80ms" (median and 99th
/// percentile), each duration as lib/cli/duration_text.hpp has it. The error is one line that says what is
/// wrong and shows the form.
std::expected<latency_model, std::string> parse_latency(std::string_view text);

/// The shortest such text, to a microsecond: parse_latency(format_latency(m)) == m for what was parsed.
std::string format_latency(const latency_model& model);

}  // namespace farebench
