// fares: the scraper as a command.

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "farebench/date.hpp"
#include "farebench/exchange.hpp"
#include "farebench/strategy.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"
#include "lib/system/interruption.hpp"
#include "lib/system/output_file.hpp"
#include "mock_server/mock_server_process.hpp"
#include "tools/fares/fares.hpp"

namespace {

using namespace farebench;

constexpr int exit_some_failed = 1;
constexpr int exit_usage = 2;
constexpr std::chrono::seconds drain_grace{5};

void print_error(std::string_view text) { farebench::print_error("fares", text); }

/// Keeps "37/100 days" up to date on a terminal; prints nothing elsewhere.
class progress_line {
 public:
  explicit progress_line(std::size_t days) : days_{days}, is_terminal_{isatty(STDERR_FILENO) == 1} {}
  ~progress_line() { clear(); }

  void advance() {
    ++done_;
    if (is_terminal_) std::fprintf(stderr, "\r%zu/%zu days", done_, days_);
  }
  /// Call before writing anything else to the terminal.
  void clear() const {
    if (is_terminal_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  std::size_t days_;
  std::size_t done_ = 0;
  bool is_terminal_;
};

/// Writes to standard output, or to a file that `commit` replaces as a whole.
class fares_writer {
 public:
  explicit fares_writer(const std::string& path) {
    if (!path.empty()) file_.emplace(path);
  }

  void write(const std::string& text) {
    if (file_) {
      file_->stream() << text;
    } else {
      require(std::fwrite(text.data(), 1, text.size(), stdout) == text.size());
    }
  }
  void commit() {
    if (file_) {
      file_->commit();
    } else {
      require(std::fflush(stdout) == 0);
    }
  }

 private:
  static void require(bool has_written) {
    if (!has_written) throw std::runtime_error{"standard output cannot be written"};
  }

  std::optional<output_file> file_;
};

void on_interrupt() {
  print_error("interrupted: waiting for requests in flight; press Ctrl-C again to exit immediately");
}

int scrape(const fares_flags& flags) {
  map_send_buffers();
  raise_open_file_limit();
  const interruption interrupted{drain_grace, &on_interrupt};
  fares_writer out{flags.out};
  std::optional<mock_server_process> embedded;
  if (flags.url.empty()) {
    // The Beast engine serves any number of workers, the cpp-httplib engine at most 256.
    embedded.emplace(mock_server_process::options{
        .latency = std::chrono::milliseconds{20}, .page_kb = 3, .engine = engine_kind::beast});
    print_error("no --url given: the fares are sample data of the embedded mock server");
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
  out.commit();
  progress.clear();
  if (failed > 0)
    print_error(remark.empty() ? fmt::format("{} of {} days failed", failed, flags.days) : remark);
  if (cancelled > 0) return interruption::exit_interrupted;
  return failed == 0 ? 0 : exit_some_failed;
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_streams();
  // A closed pipe is reported as a write error.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const auto [flags, exit_code] = parse_fares_flags(argc, argv);
    return exit_code ? *exit_code : scrape(flags);
  } catch (const std::invalid_argument& error) {
    print_error(error.what());
    return exit_usage;
  } catch (const std::exception& error) {
    print_error(error.what());
    return exit_some_failed;
  }
}
