#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace farebench {

/// Those of Google Benchmark.
enum class output_format : std::uint8_t { console, json, csv };

/// From a value of --benchmark_format or --benchmark_out_format; nullopt for any other text.
std::optional<output_format> parse_output_format(std::string_view text);

}  // namespace farebench
