// Fuzzes the readers of files and messages. Each input is read as a recorded run, a list of accepted
// regressions, a shard, a probe's report and a server's statistics. Invariants:
// - A text is read completely, or refused in one line; there is no other exception and no crash.
// - A recorded run has all of its rows, and its figures are finite.
// - A truncated recorded run is refused.
// Each text is also read with a valid checksum, because few inputs would pass that check.

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bench/probe/client_protocol.hpp"
#include "bench/track/error.hpp"
#include "bench/track/gate.hpp"
#include "bench/track/merge.hpp"
#include "bench/track/recordings.hpp"
#include "bench/track/strict_json.hpp"
#include "mock_server/server_stats.hpp"
#include "tests/fuzz/fuzzer.hpp"

namespace {

using namespace farebench;
using fuzz::expect;
using fuzz::expect_one_line;
using nlohmann::ordered_json;

bool is_a_run(std::string_view text) {
  try {
    const auto run = track::parse_recorded_run(text, "a file");
    std::size_t repetitions = 0;
    for (const auto& result : run.result.cases) {
      repetitions += result.repetitions.size();
      for (const auto& row : result.repetitions) {
        expect(std::isfinite(row.real_time_ms.value_or(0)), "figures are finite", "real_time");
        for (const auto& [name, value] : row.columns)
          expect(std::isfinite(value), "figures are finite", name);
      }
    }
    expect(repetitions == ordered_json::parse(text).at("benchmarks").size(), "a run has all of its rows");
    return true;
  } catch (const track::track_error& error) {
    expect_one_line(error.what(), "a recorded run is refused in one line");
    return false;
  }
}

void read_run(std::string_view text) {
  if (!is_a_run(text)) return;
  std::string_view body = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  for (std::size_t size = body.size(); size > 0; size -= 1 + size / 7)
    expect(!is_a_run(body.substr(0, size - 1)), "a truncated run is refused");
}

/// Returns the run with the checksum that `track record` would write, or an empty text if it is not a run.
std::string sealed(std::string_view text) {
  try {
    track::parse_strictly(text, "a file");
  } catch (const track::track_error&) {
    return {};
  }
  const auto whole = ordered_json::parse(text, nullptr, false);
  const auto context = whole.find("context");
  const auto rows = whole.find("benchmarks");
  if (context == whole.end() || rows == whole.end() || !context->is_object() || !rows->is_array()) return {};
  return track::recorded_text(*context, *rows, whole.value("schema", ordered_json{}));
}

template <typename Read>
void read_message(Read read, const char* invariant) {
  try {
    read();
  } catch (const std::runtime_error& error) {
    expect_one_line(error.what(), invariant);
  }
}

}  // namespace

void farebench::fuzz::fuzz_results(std::string_view text) {
  read_run(text);
  if (const auto valid = sealed(text); !valid.empty()) read_run(valid);
  try {
    track::parse_accepted(text, "a file");
  } catch (const track::track_error& error) {
    expect_one_line(error.what(), "a list of accepted regressions is refused in one line");
  }
  read_message([&] { track::merge_shards({{"a file", track::parse_strictly(text, "a file")}}, true); },
               "a shard is refused in one line");
  read_message([&] { parse_batch_report(text); }, "a probe's report is refused in one line");
  read_message([&] { parse_server_stats(text); }, "statistics are refused in one line");
}
