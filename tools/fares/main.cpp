// fares: the scraper as a command.

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "farebench/date.hpp"
#include "farebench/libcurl.hpp"
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

/// Keeps "37/100 days" up to date on a terminal that does not show the fares; prints nothing elsewhere.
class progress_line {
 public:
  progress_line(std::size_t days, bool fares_on_stdout)
      : days_{days},
        is_shown_{isatty(STDERR_FILENO) == 1 && !(fares_on_stdout && isatty(STDOUT_FILENO) == 1)} {}
  ~progress_line() { clear(); }

  void advance() {
    ++done_;
    if (is_shown_) std::fprintf(stderr, "\r%zu/%zu days", done_, days_);
  }
  /// Call before writing anything else to the terminal.
  void clear() const {
    if (is_shown_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  std::size_t days_;
  std::size_t done_ = 0;
  bool is_shown_;
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
    if (!has_written) throw_system_error("write standard output");
  }

  std::optional<output_file> file_;
};

/// Returns "1 day" or "2 days".
std::string counted(std::size_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

/// Number and errors of the days, for standard error. Each failed day has a line; consecutive cancelled days
/// share one.
class day_report {
 public:
  day_report(const fares_flags& flags, progress_line& progress) : flags_{flags}, progress_{progress} {}

  void add_retry(std::size_t index) {
    ++retries_;
    ++failures_[index].retries;
  }
  void add_limit(std::size_t index, retry_limit limit) { failures_[index].limit = limit; }

  /// Call for each day, in order.
  void add(std::size_t index, const outcome& result) {
    const bool is_cancelled = !result && result.error().kind == fetch_error_kind::cancelled;
    if (is_cancelled) {
      ++cancelled_;
      if (!first_cancelled_) first_cancelled_ = index;
    } else {
      print_cancelled(index);
    }
    if (result) {
      ++succeeded_;
      fares_ += result->size();
    } else {
      ++failed_;
      if (!is_cancelled) {
        print(fmt::format("{}: {}{}", date(index), describe(result.error()), attempts_of(index)));
      }
    }
    failures_.erase(index);
  }
  /// Call after the last day.
  void finish(std::size_t days) { print_cancelled(days); }

  std::size_t succeeded() const { return succeeded_; }
  std::size_t failed() const { return failed_; }
  bool is_cancelled() const { return cancelled_ > 0; }
  /// Returns "97 of 100 days, 1164 fares, 2 retries".
  std::string summary() const {
    const auto days = failed_ == 0
                          ? counted(succeeded_, "day")
                          : fmt::format("{} of {}", succeeded_, counted(succeeded_ + failed_, "day"));
    return fmt::format("{}, {}, {}", days, counted(fares_, "fare"),
                       retries_ == 1 ? "1 retry" : fmt::format("{} retries", retries_));
  }

 private:
  struct failure {
    std::size_t retries = 0;
    std::optional<retry_limit> limit;
  };

  std::string date(std::size_t index) const { return format_iso_date(flags_.date_of(index)); }
  void print(const std::string& line) const {
    progress_.clear();
    print_error(line);
  }
  /// Prints the cancelled days from first_cancelled_ to before `end`, if any.
  void print_cancelled(std::size_t end) {
    const auto first = std::exchange(first_cancelled_, std::nullopt);
    if (!first) return;
    const auto range =
        *first + 1 == end ? date(*first) : fmt::format("{} to {}", date(*first), date(end - 1));
    print(range + ": cancelled");
  }
  /// Returns " (3 attempts)" or another remark, or an empty text for one attempt that no limit ended.
  std::string attempts_of(std::size_t index) const {
    const auto found = failures_.find(index);
    if (found == failures_.end()) return {};
    const auto attempts = counted(found->second.retries + 1, "attempt");
    const auto limit = found->second.limit.value_or(retry_limit::max_attempts);
    if (limit == retry_limit::budget) return fmt::format(" ({}; retry budget spent)", attempts);
    if (limit == retry_limit::scrape_deadline) return fmt::format(" ({}; no time for another)", attempts);
    return fmt::format(" ({})", attempts);
  }

  const fares_flags& flags_;
  progress_line& progress_;
  // Days without an outcome that had a failed attempt.
  std::map<std::size_t, failure> failures_;
  std::optional<std::size_t> first_cancelled_;
  std::size_t succeeded_ = 0;
  std::size_t failed_ = 0;
  std::size_t cancelled_ = 0;
  std::size_t fares_ = 0;
  std::size_t retries_ = 0;
};

void on_interrupt() {
  print_error("interrupted: waiting for requests in flight; press Ctrl-C again to exit immediately");
}

int scrape(const fares_flags& flags) {
  if (flags.http == &libcurl_transport()) map_send_buffers();
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

  const auto begin = std::chrono::steady_clock::now();
  progress_line progress{flags.days, flags.out.empty()};
  day_report report{flags, progress};
  in_order ordered{[&](std::size_t index, const outcome& result) {
    report.add(index, result);
    if (index == 0) out.write(opening(flags.format));
    out.write(day_text(flags.format, index == 0, flags.date_of(index), result));
  }};

  make_strategy(flags.strategy, *flags.http)
      ->run({.base_url = embedded ? embedded->url() : flags.url,
             .size = flags.days,
             .query_at =
                 [&](std::size_t index) {
                   return query{.from = flags.from, .to = flags.to, .date = flags.date_of(index)};
                 },
             .workers = flags.workers,
             .loops = flags.loops,
             .policy = flags.policy,
             .on_retry = [&](std::size_t index, std::size_t, const fetch_error&,
                             std::chrono::milliseconds) { report.add_retry(index); },
             .on_give_up = [&](std::size_t index, std::size_t,
                               retry_limit limit) { report.add_limit(index, limit); },
             .drain = interrupted.drain(),
             .stop = interrupted.stop()},
            [&](std::size_t index, outcome&& result) {
              progress.advance();
              ordered.add(index, std::move(result));
            });
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  report.finish(flags.days);
  progress.clear();

  const auto remark = report.is_cancelled()
                          ? fmt::format("interrupted: {} of {} days are missing", report.failed(), flags.days)
                          : std::string{};
  auto summary = fmt::format("{}, {:.2f} s", report.summary(), elapsed.count());
  if (flags.out.empty() || report.succeeded() > 0) {
    out.write(closing(flags.format, remark));
    out.commit();
    if (!flags.out.empty()) summary += ", written to " + flags.out;
  } else {
    summary += fmt::format(", {} not written", flags.out);
  }
  print_error(summary);
  if (report.is_cancelled()) return interruption::exit_interrupted;
  return report.failed() == 0 ? 0 : exit_some_failed;
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_streams();
  // A closed connection must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const auto [flags, exit_code] = parse_fares_flags(argc, argv);
    return exit_code ? *exit_code : scrape(flags);
  } catch (const std::invalid_argument& error) {
    print_error(error.what());
    return exit_usage;
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::broken_pipe) end_by_closed_pipe();
    print_error(error.what());
    return exit_some_failed;
  } catch (const std::exception& error) {
    print_error(error.what());
    return exit_some_failed;
  }
}
