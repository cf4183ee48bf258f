#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <stdexcept>

#include "farebench/date.hpp"
#include "farebench/strategy.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"
#include "lib/system/interruption.hpp"
#include "lib/system/output_file.hpp"
#include "mock_server/mock_server_process.hpp"
#include "tools/fares/fares.hpp"

// fares: the scraper as a command for people.

namespace {

using namespace farebench;

constexpr int exit_some_failed = 1;
constexpr int exit_usage = 2;
constexpr std::chrono::seconds grace{5};

void print_error(std::string_view text) { farebench::print_error("fares", text); }

/// "37/100 days" on one line of a terminal; silent elsewhere.
class progress_line {
 public:
  explicit progress_line(std::size_t days) : days_{days}, shown_{isatty(STDERR_FILENO) == 1} {}
  ~progress_line() { clear(); }
  void advance() {
    ++done_;
    if (shown_) std::fprintf(stderr, "\r%zu/%zu days", done_, days_);
  }
  /// Before anything else is written to the terminal.
  void clear() const {
    if (shown_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  std::size_t days_;
  std::size_t done_ = 0;
  bool shown_;
};

/// Where the fares go: a file, whole or not at all, or standard output.
class fares_sink {
 public:
  explicit fares_sink(const std::string& path) {
    if (!path.empty()) file_.emplace(path);
  }
  void write(const std::string& text) {
    if (file_) {
      file_->stream() << text;
    } else if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
      throw std::runtime_error{"standard output cannot be written"};
    }
  }
  void end() {
    if (file_) {
      file_->commit();
    } else if (std::fflush(stdout) != 0) {
      throw std::runtime_error{"standard output cannot be written"};
    }
  }

 private:
  std::optional<output_file> file_;
};

int scrape(const fares_flags& flags) {
  raise_open_file_limit();
  const interruption interrupted{
      grace, [] { print_error("interrupted: what is in flight may come home; once more ends at once"); }};
  fares_sink out{flags.out};
  std::optional<mock_server_process> embedded;
  if (flags.url.empty()) {
    // Its event engine takes any number of workers, where a thread a connection would end at 256.
    embedded.emplace(mock_server_process::options{
        .latency = std::chrono::milliseconds{20}, .page_kb = 3, .engine = engine_kind::beast});
    print_error("no --url given: made-up fares from the embedded mock server");
  }
  const auto query_at = [&](std::size_t index) {
    const std::chrono::sys_days date =
        std::chrono::sys_days{flags.first_date} + std::chrono::days{static_cast<int>(index)};
    return query{.from = flags.from, .to = flags.to, .date = date};
  };

  std::size_t failed = 0;
  std::size_t cancelled = 0;
  progress_line progress{flags.days};
  in_order ordered{[&](std::size_t index, const outcome& result) {
    const auto date = query_at(index).date;
    if (!result) {
      ++failed;
      if (result.error().kind == fetch_error_kind::cancelled) ++cancelled;
      progress.clear();
      print_error(fmt::format("{}: {}", format_iso_date(date), printable(describe(result.error()))));
    }
    if (index == 0) out.write(opening(flags.format));
    out.write(day_text(flags.format, index == 0, date, result));
  }};

  make_strategy(flags.strategy)
      ->run({.base_url = embedded ? embedded->url() : flags.url,
             .size = flags.days,
             .query_at = query_at,
             .workers = flags.workers,
             .loops = flags.loops,
             .policy = flags.policy,
             .drain = interrupted.drain(),
             .stop = interrupted.stop()},
            [&](std::size_t index, outcome&& result) {
              progress.advance();
              ordered.add(index, std::move(result));
            });
  const auto remark = cancelled > 0
                          ? fmt::format("interrupted: {} of {} days are missing", failed, flags.days)
                          : std::string{};
  out.write(closing(flags.format, remark));
  out.end();
  progress.clear();
  if (failed > 0)
    print_error(remark.empty() ? fmt::format("{} of {} days failed", failed, flags.days) : remark);
  if (cancelled > 0) return interruption::exit_interrupted;
  return failed == 0 ? 0 : exit_some_failed;
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that stops reading is an error to report, not a death
  try {
    const auto parsed = parse_fares_flags(argc, argv);
    if (parsed.exit_code >= 0) return parsed.exit_code;
    return scrape(parsed.flags);
  } catch (const std::invalid_argument& fault) {
    print_error(fault.what());
    return exit_usage;
  } catch (const std::exception& fault) {
    print_error(fault.what());
    return exit_some_failed;
  }
}
