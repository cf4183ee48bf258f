#include "bench/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>

#include "bench/output/text_table.hpp"
#include "lib/system/command_line.hpp"

namespace farebench {
namespace {

/// Time of a repetition beyond its ideal, mostly for starting and ending two processes.
constexpr std::chrono::milliseconds overhead{200};
constexpr std::string_view erase_line = "\r\x1b[K";

/// Returns whether standard error is a terminal that can rewrite a line.
bool is_rewritable_terminal() {
  const char* const terminal = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && terminal != nullptr && std::string_view{terminal} != "dumb";
}

/// Ignores errors: standard error may be closed.
void write(const std::string& text) { std::fputs(text.c_str(), stderr); }

/// Returns "[ 3/12]".
std::string counter_text(std::size_t number, std::size_t count) {
  return fmt::format("[{:>{}}/{}]", number, std::to_string(count).size(), count);
}

/// Returns the text in at most `width` columns, with an ellipsis if it was longer.
std::string shortened(std::string_view text, std::size_t width) {
  if (text_width(text) <= width) return std::string{text};
  if (width == 0) return {};
  std::size_t columns = 0;
  const auto end = std::ranges::find_if(text, [&](char c) {
    const bool begins_character = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return begins_character && ++columns == width;
  });
  return std::string{text.begin(), end} + "…";
}

/// Returns the first text that fits, or as much of the last as fits.
std::string first_that_fits(std::span<const std::string> texts, std::size_t width) {
  const auto found = std::ranges::find_if(texts, [&](const auto& text) { return text_width(text) <= width; });
  return found == texts.end() ? shortened(texts.back(), width) : *found;
}

/// Returns "±4 %": half of the range of the times, relative to their median. Empty for a single time.
std::string spread_text(const case_result& result) {
  const auto times = values_of(result, "real_time");
  const auto middle = median(times);
  if (times.size() < 2 || *middle <= 0) return {};
  const auto [min, max] = std::ranges::minmax(times);
  const double percent = 50 * (max - min) / *middle;
  return percent < 9.95 ? fmt::format("±{:.1f} %", percent) : fmt::format("±{:.0f} %", percent);
}

std::string failure_text(const case_result& result) {
  const auto is_failed = [](const finished_row& row) { return row.verdict.failed(); };
  const auto& rows = result.repetitions;
  const auto count = rows.size() == 1
                         ? std::string{}
                         : fmt::format(" ({} of {})", std::ranges::count_if(rows, is_failed), rows.size());
  return fmt::format("FAILED{}: {}", count, one_line(std::ranges::find_if(rows, is_failed)->verdict.failure));
}

}  // namespace

pace::pace(const std::vector<benchmark_case>& cases, std::size_t repetitions) {
  for (const auto& row : cases) {
    const seconds expected = ideal_wall(row) + overhead;
    // The first repetition follows a run in which the heap is counted.
    cases_.emplace(row.name(), case_pace{.expected = expected,
                                         .expected_left = expected * static_cast<double>(repetitions + 1)});
  }
}

void pace::add(const benchmark_case& row, seconds elapsed) {
  auto& one = cases_.at(row.name());
  const seconds expected = one.elapsed.count() == 0 ? 2 * one.expected : one.expected;
  one.expected_left = std::max(one.expected_left - expected, seconds{0});
  one.expected_done += expected;
  one.elapsed += elapsed;
}

pace::seconds pace::left() const {
  seconds done{0};
  seconds elapsed{0};
  for (const auto& [name, one] : cases_) {
    done += one.expected_done;
    elapsed += one.elapsed;
  }
  const double correction = done.count() > 0 ? elapsed / done : 1.0;
  seconds left{0};
  for (const auto& [name, one] : cases_) {
    const bool has_pace = one.expected_done.count() > 0;
    left += one.expected_left * (has_pace ? one.elapsed / one.expected_done : correction);
  }
  return left;
}

std::string format_time_left(std::chrono::duration<double> left) {
  const auto seconds = static_cast<long long>(std::ceil(std::max(left.count(), 0.0)));
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  const auto minutes = (seconds + 59) / 60;
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string status_line(std::string_view counter, std::string_view title, std::string_view repetition,
                        std::chrono::duration<double> left, std::size_t width) {
  const auto time = format_time_left(left);
  return first_that_fits(std::array{fmt::format("{} {}, {}, about {} left", counter, title, repetition, time),
                                    fmt::format("{} {}, about {} left", counter, title, time),
                                    fmt::format("{} left, {}", time, title)},
                         width);
}

std::string finished_line(std::string_view counter, const case_result& result, std::size_t title_width,
                          std::size_t width) {
  const auto title = result.parameters.title();
  const std::string blanks(title_width - std::min(text_width(title), title_width), ' ');
  const auto begin = fmt::format("{} {}{}", counter, title, blanks);
  if (has_failed(result)) return shortened(fmt::format("{}  {}", begin, failure_text(result)), width);

  const auto median_time = median_of(result, "real_time");
  const auto time_text = median_time ? format_time(*median_time) : "–";
  const auto time = fmt::format("{:>10}", time_text);
  const auto spread = fmt::format(" {:<7}", spread_text(result));
  const auto cpu =
      fmt::format("  CPU {:>7} µs", format_figure(median_of(result, "cpu_us_per_request"), 1, 1));
  const auto memory = fmt::format("  {:>7} MiB", format_figure(median_of(result, "rss_peak_bytes"), mib, 1));
  return first_that_fits(
      std::array{begin + time + spread + cpu + "/request" + memory, begin + time + spread + cpu + memory,
                 begin + time + cpu + memory, begin + time + memory, begin + time,
                 fmt::format("{}, {}", time_text, title)},
      width);
}

progress::progress(const std::vector<benchmark_case>& cases, std::size_t repetitions, bool lists_cases)
    : is_terminal_{is_rewritable_terminal()},
      lists_cases_{lists_cases},
      cases_{cases.size()},
      repetitions_{repetitions},
      pace_{cases, repetitions} {
  for (const auto& row : cases) title_width_ = std::max(title_width_, text_width(row.title()));
}

void progress::start(const benchmark_case& row, std::size_t repetition) {
  ++started_;
  started_at_ = clock::now();
  if (!is_terminal_) return;
  // A terminal of another width would break a line that fills it.
  write(std::string{erase_line} + status_line(counter_text(started_, cases_ * repetitions_), row.title(),
                                              fmt::format("repetition {} of {}", repetition, repetitions_),
                                              pace_.left(), terminal_width(STDERR_FILENO) - 1));
}

void progress::finish(const benchmark_case& row, std::span<const finished_row> repetitions) {
  pace_.add(row, clock::now() - started_at_);
  if (is_terminal_) write(std::string{erase_line});
  if (repetitions.size() != repetitions_) return;
  ++finished_cases_;
  if (!lists_cases_) return;
  const auto width =
      is_terminal_ ? terminal_width(STDERR_FILENO) - 1 : std::numeric_limits<std::size_t>::max();
  write(finished_line(counter_text(finished_cases_, cases_),
                      {.parameters = row, .repetitions = {repetitions.begin(), repetitions.end()}},
                      title_width_, width) +
        '\n');
}

void progress::end() const {
  if (lists_cases_ && finished_cases_ > 0) write("\n");
}

}  // namespace farebench
