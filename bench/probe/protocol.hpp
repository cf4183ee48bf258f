#pragma once

#include <string_view>

namespace farebench {

// clang-format off
// The probe's protocol, version 1: lines on its standard input and output.
//
//   probe → fixture   farebench-probe 1 ready   libraries initialised, nothing fetched: the baseline is read now
//   fixture → probe   go
//   probe → fixture   {…}                       the batch report, one line of JSON
//                 or  failed WHY                the strategy could not run this batch at all
//                                             the probe waits, so that its peak memory can still be read
//   fixture → probe   exit
//
// What a later commit adds to the report is absent in that of an older probe, and more than is known is ignored,
// so that the version need not change with it.
//
// An input that ends, or any other line, ends the probe with exit code 2: it never runs on alone.
// clang-format on

inline constexpr std::string_view probe_ready = "farebench-probe 1 ready";
inline constexpr std::string_view probe_go = "go";
inline constexpr std::string_view probe_failed = "failed ";  ///< and the reason, to the end of the line
inline constexpr std::string_view probe_exit = "exit";

}  // namespace farebench
